// Command nethttp is the HTTP/2 server of Go's standard library, in the clear. It answers
// no call: what is measured is what it does about those that are given up; see ../README.md.
//
//	nethttp --addr 127.0.0.1:50051
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// longerThanAnyMeasurement is how long a handler works that does not look up.
const longerThanAnyMeasurement = 5 * time.Minute

func main() {
	address := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0: any free one")
	flag.Parse()
	if err := serve(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: http.HandlerFunc(hang), Protocols: protocols}
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}

// hang ends when the call is given up; for a function named "work…" it goes on.
func hang(_ http.ResponseWriter, request *http.Request) {
	if strings.HasPrefix(request.Host, "work") {
		time.Sleep(longerThanAnyMeasurement)
		return
	}
	<-request.Context().Done()
}
