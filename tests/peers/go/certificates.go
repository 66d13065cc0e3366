package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// makeCertificates writes ca.pem, other_ca.pem (which signed nothing), server.pem
// and client.pem with their keys. They are for tests only, valid for a day.
func makeCertificates(folder string) error {
	authority, authorityKey, err := makeAuthority(folder, "ca")
	if err != nil {
		return err
	}
	if _, _, err := makeAuthority(folder, "other_ca"); err != nil {
		return err
	}
	server := template("server", 2)
	server.DNSNames = []string{"localhost"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	client := template("client", 3)
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, leaf := range []*x509.Certificate{server, client} {
		leaf.KeyUsage = x509.KeyUsageDigitalSignature
		if _, err := sign(folder, leaf.Subject.CommonName, leaf, authority, authorityKey); err != nil {
			return err
		}
	}
	return nil
}

func makeAuthority(folder, name string) (*x509.Certificate, crypto.Signer, error) {
	authority := template(name, 1)
	authority.IsCA = true
	authority.BasicConstraintsValid = true
	authority.KeyUsage = x509.KeyUsageCertSign
	key, err := sign(folder, name, authority, nil, nil)
	return authority, key, err
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		// An hour back, for clocks that disagree.
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().Add(24 * time.Hour),
	}
}

// sign writes <name>.pem and <name>.key; without a parent the certificate signs itself.
func sign(folder, name string, certificate, parent *x509.Certificate, parentKey crypto.Signer) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if parent == nil {
		parent, parentKey = certificate, key
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, key.Public(), parentKey)
	if err != nil {
		return nil, err
	}
	keyDer, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePem(filepath.Join(folder, name+".pem"), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return key, writePem(filepath.Join(folder, name+".key"), "PRIVATE KEY", keyDer)
}

func writePem(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
