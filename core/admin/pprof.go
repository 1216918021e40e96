package admin

import (
	"net/http"
	"net/http/pprof"
)

// handlePprof serves Go's profiles to loopback, behind a key where there are keys: a
// proxy on this machine makes everybody's requests from loopback. cmdline is not
// served, which would show secrets that were given as flags.
func (a *Admin) handlePprof(mux *http.ServeMux) {
	for path, profile := range map[string]http.HandlerFunc{
		"": pprof.Index, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.Handle("GET /debug/pprof/"+path, a.local(a.guarded(ScopeRead, profile)))
	}
	mux.Handle("GET /debug/pprof/cmdline", http.HandlerFunc(a.notFound))
}
