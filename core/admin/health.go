package admin

import (
	"net/http"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// health says that the process lives.
func (a *Admin) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readiness is what /ready answers. The bus is left out where it has no
// connection to lose.
type readiness struct {
	Status string      `json:"status,omitempty"`
	Error  string      `json:"error,omitempty"`
	Code   string      `json:"code,omitempty"`
	Bus    *bus.Status `json:"bus,omitempty"`
}

// ready says whether new clients are welcome. It is open, so that why the bus is
// not connected, which may name addresses, is told only to whom the node trusts.
func (a *Admin) ready(w http.ResponseWriter, r *http.Request) {
	answer, code := readiness{Status: "ready"}, http.StatusOK
	var connection *bus.Status
	if status, known := a.server.BusStatus(); known {
		connection = &status
		if !a.trusts(r) {
			status.Problem = ""
		}
	}
	if problem := a.unready(connection); problem != "" {
		a.refusals[notReady].Add(1)
		w.Header().Set("Retry-After", "1")
		answer, code = readiness{Error: problem, Code: notReady.String()}, http.StatusServiceUnavailable
	}
	answer.Bus = connection
	writeJSON(w, code, answer)
}

// unready says why new clients are not welcome, and nothing if they are.
func (a *Admin) unready(connection *bus.Status) string {
	switch state := a.server.State(); {
	case state != core.StateRunning:
		return "Server is " + state.String()
	case a.options.ReadyNeedsBus && connection != nil && !connection.Connected:
		return "Bus is not connected"
	}
	return ""
}
