package main

import (
	"log"
	"net"
	"net/http"
	"time"
)

// listenHTTP serves upgrades at /ws with net/http. It returns once clients can
// connect.
func listenHTTP(addr string, upgrade http.HandlerFunc) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", upgrade)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { log.Fatal(server.Serve(listener)) }()
	return nil
}
