package demo

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"

	"github.com/gannet-ws/gannet/core"
)

//go:embed page
var files embed.FS

// contentPolicy lets the page load its own files and connect to sockets,
// nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'"

// Handler serves the page, and at config.json where its socket is. The page
// imports /gannet.js, package browser's, from the same listener.
func Handler(server *core.Server) http.Handler {
	page, _ := fs.Sub(files, "page") // it is embedded
	mux := http.NewServeMux()
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(endpoint(server))
	})
	mux.Handle("GET /", http.FileServerFS(page))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentPolicy)
		mux.ServeHTTP(w, r)
	})
}

// endpoint is the part of the socket's URL that the page cannot know.
func endpoint(server *core.Server) map[string]any {
	port := 0
	if addr, ok := server.Addr().(*net.TCPAddr); ok {
		port = addr.Port
	}
	return map[string]any{"port": port, "path": server.Options().Path}
}
