package admin

import (
	"net/http"

	"github.com/gannet-ws/gannet/core/browser"
	"github.com/gannet-ws/gannet/core/demo"
)

// handlePages serves the client for browsers, which is public, to everybody and
// every page, as health is, and the pages for people to loopback.
func (a *Admin) handlePages(mux *http.ServeMux) {
	client := browser.Handler()
	mux.Handle("GET /gannet.js", client)
	mux.Handle("GET /gannet.d.ts", client)
	if !a.options.Demo {
		return
	}
	mux.Handle("GET /{$}", a.local(http.RedirectHandler("/demo/", http.StatusFound)))
	mux.Handle("GET /demo/", a.local(http.StripPrefix("/demo", demo.Handler(a.server))))
}
