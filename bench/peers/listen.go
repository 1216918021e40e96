package main

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"time"
)

// identity is the certificate that listenHTTP shows, in files. Without names there
// is no TLS.
var identity struct{ certFile, keyFile string }

// listenHTTP serves upgrades at /ws with net/http, over TLS if there is an identity.
// It returns once clients can connect.
func listenHTTP(addr string, upgrade http.HandlerFunc) error {
	listener, err := net.Listen("tcp", addr)
	if err == nil && identity.certFile != "" {
		listener, err = listenTLS(listener)
	}
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", upgrade)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { log.Fatal(server.Serve(listener)) }()
	return nil
}

// listenTLS has what a listener accepts speak TLS.
func listenTLS(listener net.Listener) (net.Listener, error) {
	certificate, err := tls.LoadX509KeyPair(identity.certFile, identity.keyFile)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}, DynamicRecordSizingDisabled: true,
	}), nil
}
