package admin

import (
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/gannet-ws/gannet/core"
)

// What the API tells of all nodes, and of this one. All nodes are asked, or the one
// that a client's id names, and waited for as long as the option survey-timeout says;
// each answer says which are missing in it.

func (a *Admin) figuresOfHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Health())
}

func (a *Admin) stats(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Stats())
}

func (a *Admin) nodes(w http.ResponseWriter, _ *http.Request) {
	cluster := a.server.Cluster()
	writeJSON(w, http.StatusOK, map[string]any{"nodes": cluster.Nodes(), "lost": cluster.Lost()})
}

func (a *Admin) clusterStats(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Cluster().Stats(r.Context()))
}

// rooms lists the largest rooms or, with a prefix or a place to go on from, pages of
// all by name.
func (a *Admin) rooms(w http.ResponseWriter, r *http.Request) {
	limit, ok := a.limitOf(w, r)
	if !ok {
		return
	}
	query := r.URL.Query()
	if !query.Has("prefix") && !query.Has("after") {
		writeJSON(w, http.StatusOK, a.server.Cluster().Rooms(r.Context(), limit))
		return
	}
	prefix, after := query.Get("prefix"), query.Get("after")
	if !utf8.ValidString(prefix) || !utf8.ValidString(after) {
		a.refuse(w, &apiError{"Prefix and after must be UTF-8", badQuery})
		return
	}
	writeJSON(w, http.StatusOK, a.server.Cluster().RoomsByName(r.Context(), prefix, after, limit))
}

func (a *Admin) room(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Cluster().Room(r.Context(), r.PathValue("room")))
}

func (a *Admin) members(w http.ResponseWriter, r *http.Request) {
	if limit, ok := a.limitOf(w, r); ok {
		writeJSON(w, http.StatusOK, a.server.Cluster().Members(r.Context(), r.PathValue("room"), limit))
	}
}

// limitOf reads the limit of a list, 0 where there is none, or answers why it
// cannot be.
func (a *Admin) limitOf(w http.ResponseWriter, r *http.Request) (limit int, ok bool) {
	if !r.URL.Query().Has("limit") {
		return 0, true
	}
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > core.MaxListed {
		a.refuse(w, &apiError{"Limit must be a number from 1 to " + strconv.Itoa(core.MaxListed), badLimit})
		return 0, false
	}
	return limit, true
}

// Why what is asked of one client cannot be answered.
var (
	errClientGone  = &apiError{"Client is not connected", clientGone}
	errNodeMissing = &apiError{"The node that the client's id names has not answered", nodeMissing}
)

func (a *Admin) client(w http.ResponseWriter, r *http.Request) {
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	switch found := a.server.Cluster().FindClient(r.Context(), id); {
	case found.Client != nil:
		writeJSON(w, http.StatusOK, found)
	case len(found.Missing) > 0:
		a.refuse(w, errNodeMissing)
	default:
		a.refuse(w, errClientGone)
	}
}

func (a *Admin) user(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Cluster().FindUser(r.Context(), r.PathValue("userId")))
}
