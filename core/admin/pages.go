package admin

import (
	"net/http"

	"github.com/gannet-ws/gannet/core/demo"
)

// handlePages serves the pages for people, to loopback.
func (a *Admin) handlePages(mux *http.ServeMux) {
	if !a.options.Demo {
		return
	}
	mux.Handle("GET /{$}", a.local(http.RedirectHandler("/demo/", http.StatusFound)))
	mux.Handle("GET /demo/", a.local(http.StripPrefix("/demo", demo.Handler(a.server))))
}
