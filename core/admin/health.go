package admin

import (
	"net/http"
	"net/http/pprof"

	"github.com/gannet-ws/gannet/core"
)

// health says that the process lives.
func (a *Admin) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether new clients are welcome.
func (a *Admin) ready(w http.ResponseWriter, _ *http.Request) {
	if state := a.server.State(); state != core.StateRunning {
		w.Header().Set("Retry-After", "1")
		writeError(w, http.StatusServiceUnavailable, "Server is "+state.String(), "NOT_READY")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// handlePprof serves Go's profiles to loopback, but not cmdline, which would
// show secrets that were given as flags.
func (a *Admin) handlePprof(mux *http.ServeMux) {
	mux.Handle("GET /debug/pprof/", a.local(http.HandlerFunc(pprof.Index)))
	mux.Handle("GET /debug/pprof/cmdline", http.HandlerFunc(notFound))
	mux.Handle("GET /debug/pprof/profile", a.local(http.HandlerFunc(pprof.Profile)))
	mux.Handle("GET /debug/pprof/symbol", a.local(http.HandlerFunc(pprof.Symbol)))
	mux.Handle("GET /debug/pprof/trace", a.local(http.HandlerFunc(pprof.Trace)))
}
