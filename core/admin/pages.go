package admin

import (
	"net/http"

	"github.com/gannet-ws/gannet/core/admin/console"
	"github.com/gannet-ws/gannet/core/browser"
	"github.com/gannet-ws/gannet/core/demo"
)

// handlePages serves the client for browsers, which is public, to everybody and
// every page, as health is; the console, whose data are behind the key; and the demo
// page to loopback.
func (a *Admin) handlePages(mux *http.ServeMux) {
	client := browser.Handler()
	mux.Handle("GET /gannet.js", client)
	mux.Handle("GET /gannet.d.ts", client)
	for pattern, file := range console.Files() {
		mux.Handle("GET "+pattern, a.shown(file))
	}
	if a.options.Demo {
		mux.Handle("GET /demo/", a.local(http.StripPrefix("/demo", demo.Handler(a.server))))
	}
}
