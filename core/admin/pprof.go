package admin

import (
	"net/http"
	"net/http/pprof"
)

// handlePprof serves Go's profiles to loopback, but not cmdline, which would
// show secrets that were given as flags.
func (a *Admin) handlePprof(mux *http.ServeMux) {
	mux.Handle("GET /debug/pprof/", a.local(http.HandlerFunc(pprof.Index)))
	mux.Handle("GET /debug/pprof/cmdline", http.HandlerFunc(a.notFound))
	mux.Handle("GET /debug/pprof/profile", a.local(http.HandlerFunc(pprof.Profile)))
	mux.Handle("GET /debug/pprof/symbol", a.local(http.HandlerFunc(pprof.Symbol)))
	mux.Handle("GET /debug/pprof/trace", a.local(http.HandlerFunc(pprof.Trace)))
}
