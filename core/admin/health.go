package admin

import (
	"net/http"

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
