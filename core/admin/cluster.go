package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gannet-ws/gannet/core"
)

// What the API does on all nodes. Each answer says which nodes are missing in it.
// All nodes are asked, or the one that a client's id names, and waited for as long
// as the option survey-timeout says.

func (a *Admin) handleCluster(mux *http.ServeMux) {
	handle := func(pattern string, answer http.HandlerFunc) { mux.Handle(pattern, a.keyed(answer)) }
	handle("GET /api/nodes", a.nodes)
	handle("GET /api/cluster/stats", a.clusterStats)
	handle("GET /api/rooms", a.rooms)
	handle("GET /api/rooms/{room}/members", a.members)
	handle("GET /api/clients/{clientId}", a.client)
	handle("GET /api/users/{userId}", a.user)
	handle("POST /api/clients/{clientId}/disconnect", a.disconnectClient)
	handle("POST /api/users/{userId}/disconnect", a.disconnectUser)
}

func (a *Admin) nodes(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"nodes": a.server.Cluster().Nodes()})
}

func (a *Admin) clusterStats(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Cluster().Stats(r.Context()))
}

func (a *Admin) rooms(w http.ResponseWriter, r *http.Request) {
	if limit, ok := limitOf(w, r); ok {
		writeJSON(w, http.StatusOK, a.server.Cluster().Rooms(r.Context(), limit))
	}
}

func (a *Admin) members(w http.ResponseWriter, r *http.Request) {
	if limit, ok := limitOf(w, r); ok {
		writeJSON(w, http.StatusOK, a.server.Cluster().Members(r.Context(), r.PathValue("room"), limit))
	}
}

// limitOf reads the limit of a list, 0 where there is none, or answers why it
// cannot be.
func limitOf(w http.ResponseWriter, r *http.Request) (limit int, ok bool) {
	if !r.URL.Query().Has("limit") {
		return 0, true
	}
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > core.MaxListed {
		writeError(w, http.StatusBadRequest, "Limit must be a number from 1 to "+strconv.Itoa(core.MaxListed), "BAD_LIMIT")
		return 0, false
	}
	return limit, true
}

func (a *Admin) client(w http.ResponseWriter, r *http.Request) {
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		writeJSON(w, http.StatusBadRequest, bad)
		return
	}
	switch found := a.server.Cluster().FindClient(r.Context(), id); {
	case found.Client != nil:
		writeJSON(w, http.StatusOK, found)
	case len(found.Missing) > 0:
		writeError(w, http.StatusGatewayTimeout, "The node that the client's id names has not answered", "NODE_MISSING")
	default:
		writeError(w, http.StatusNotFound, "Client is not connected", "CLIENT_GONE")
	}
}

func (a *Admin) user(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Cluster().FindUser(r.Context(), r.PathValue("userId")))
}

func (a *Admin) disconnectClient(w http.ResponseWriter, r *http.Request) {
	reason, ok := a.reasonOf(w, r)
	if !ok {
		return
	}
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		writeJSON(w, http.StatusBadRequest, bad)
		return
	}
	writeJSON(w, http.StatusOK, a.server.Cluster().Disconnect(r.Context(), id, reason))
}

func (a *Admin) disconnectUser(w http.ResponseWriter, r *http.Request) {
	if reason, ok := a.reasonOf(w, r); ok {
		writeJSON(w, http.StatusOK, a.server.Cluster().DisconnectUser(r.Context(), r.PathValue("userId"), reason))
	}
}

// reasonOf reads the body of a disconnect, {"reason":TEXT} or nothing, or answers
// why it cannot be.
func (a *Admin) reasonOf(w http.ResponseWriter, r *http.Request) (reason string, ok bool) {
	body, ok := a.readBody(w, r, "application/json")
	if !ok || len(body) == 0 {
		return "", ok
	}
	var request struct {
		Reason string `json:"reason"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil || !atEnd(decoder) {
		writeError(w, http.StatusBadRequest, `Body must be empty, or {"reason":…} with a text`, "BAD_BODY")
		return "", false
	}
	return request.Reason, true
}
