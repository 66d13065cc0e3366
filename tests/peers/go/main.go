// Command peer serves faas.Executor with grpc-go, for interoperability tests and
// benchmarks of clients; see ../README.md for what it answers.
//
//	peer --addr 127.0.0.1:50051
//	peer make-certs <folder>
package main

//go:generate protoc --proto_path=../../../proto --go_out=. --go_opt=module=peer --go_opt=Mfaas.proto=peer/faas --go-grpc_out=. --go-grpc_opt=module=peer --go-grpc_opt=Mfaas.proto=peer/faas faas.proto

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"peer/faas"
)

type settings struct {
	address             string
	name                string
	certificateFile     string
	keyFile             string
	clientAuthorityFile string
	maxStreams          uint
	maxConnAgeMs        uint
	maxConnAgeGraceMs   uint
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "make-certs" {
		exitOn(makeCertificates(os.Args[2]))
		return
	}
	var s settings
	flag.StringVar(&s.address, "addr", "127.0.0.1:0", "address to listen on; port 0: any free one")
	flag.StringVar(&s.name, "name", "go-1", "name of the instance, the message of its replies")
	flag.StringVar(&s.certificateFile, "tls-cert", "", "certificate chain (PEM); with it, TLS instead of h2c")
	flag.StringVar(&s.keyFile, "tls-key", "", "key of the certificate (PEM)")
	flag.StringVar(&s.clientAuthorityFile, "tls-client-ca", "", "ask clients for a certificate of this authority (PEM)")
	flag.UintVar(&s.maxStreams, "max-streams", 0, "streams at once on a connection; 0: no limit")
	flag.UintVar(&s.maxConnAgeMs, "max-conn-age-ms", 0, "age at which a connection gets GOAWAY; 0: never")
	flag.UintVar(&s.maxConnAgeGraceMs, "max-conn-age-grace-ms", 10_000, "how long its calls may go on after that")
	flag.Parse()
	exitOn(serve(s))
}

func exitOn(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// countingListener counts the connections it accepts, which costs a call nothing.
type countingListener struct {
	net.Listener
	accepted atomic.Uint32
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return conn, err
}

func serve(s settings) error {
	options, err := serverOptions(s)
	if err != nil {
		return err
	}
	inner, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	listener := &countingListener{Listener: inner}
	server := grpc.NewServer(options...)
	faas.RegisterExecutorServer(server, &executor{name: s.name, accepted: &listener.accepted})

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop
		server.Stop()
	}()
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}

func serverOptions(s settings) ([]grpc.ServerOption, error) {
	var options []grpc.ServerOption
	if s.maxStreams > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(s.maxStreams)))
	}
	if s.maxConnAgeMs > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge:      time.Duration(s.maxConnAgeMs) * time.Millisecond,
			MaxConnectionAgeGrace: time.Duration(s.maxConnAgeGraceMs) * time.Millisecond,
		}))
	}
	if s.certificateFile != "" {
		config, err := tlsConfig(s)
		if err != nil {
			return nil, err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	return options, nil
}

func tlsConfig(s settings) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(s.certificateFile, s.keyFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if s.clientAuthorityFile != "" {
		authority, err := os.ReadFile(s.clientAuthorityFile)
		if err != nil {
			return nil, err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(authority) {
			return nil, fmt.Errorf("no certificate in %s", s.clientAuthorityFile)
		}
	}
	return config, nil
}
