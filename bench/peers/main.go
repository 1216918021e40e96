// Command peers is the same small fan-out and echo server on each of the libraries
// that people would otherwise pick, for the load generator to measure:
//
//	peers gws --addr 127.0.0.1:3000 --admin-addr 127.0.0.1:3001
//
// A signal ends it, and the process with it: it has nothing to drain.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// peer is a server on one library.
type peer interface {
	// listen begins to serve sockets at /ws of addr and returns once clients can
	// connect. loops is the number of event loops, 0 for the library's default;
	// a peer with a goroutine for each socket has none and takes no notice. What
	// goes wrong later ends the process.
	listen(addr string, loops int) error
	// publish sends messages, which it may keep and must not change, to the
	// members of a room, in their order, and returns how many members there are.
	// It may be called from any goroutine.
	publish(room string, messages [][]byte) (receivers int)
}

// peers are the servers by the names of their libraries.
var peers = map[string]func() peer{
	"gws":     newGws,
	"gorilla": newGorilla,
	"nbio":    newNbio,
	"gnet":    newGnet,
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("peers: ")
	log.Fatal(run(os.Args[1:]))
}

// run serves for good; it returns only with an error.
func run(arguments []string) error {
	flags := flag.NewFlagSet("peers", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:3000", "address of the sockets")
	adminAddr := flags.String("admin-addr", "127.0.0.1:3001", "address of the publishing requests")
	loops := flags.Int("loops", 0, "event loops, for libraries that have them; 0 is the library's default")
	flags.StringVar(&identity.certFile, "tls-cert", "", "PEM file with a certificate: sockets speak TLS; gws and gorilla only")
	flags.StringVar(&identity.keyFile, "tls-key", "", "PEM file with the certificate's key")

	if len(arguments) == 0 || peers[arguments[0]] == nil {
		names := slices.Sorted(maps.Keys(peers))
		return fmt.Errorf("name the library first: %s", strings.Join(names, ", "))
	}
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	if identity.certFile != "" && arguments[0] != "gws" && arguments[0] != "gorilla" {
		return fmt.Errorf("%s speaks no TLS here", arguments[0])
	}
	p := peers[arguments[0]]()
	if err := p.listen(*addr, *loops); err != nil {
		return err
	}
	return serveHTTP(*adminAddr, adminHandler(p))
}

// serveHTTP serves for good; it returns only with an error.
func serveHTTP(addr string, handler http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
