package admin

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/gannet-ws/gannet/core"
)

// What the API does with clients, wherever they are. Who asks is the operator: neither
// the join policy nor the application's hook has a say.

func (a *Admin) joinClient(w http.ResponseWriter, r *http.Request) {
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	joined, err := a.server.Cluster().Join(r.Context(), id, r.PathValue("room"))
	switch {
	case err != nil:
		a.refuse(w, errRoomName)
	case joined.Refused > 0:
		a.refuse(w, &apiError{"Client is in as many rooms as it may be", tooManyRooms})
	case joined.Clients > 0:
		writeJSON(w, http.StatusOK, joined)
	case len(joined.Missing) > 0:
		a.refuse(w, errNodeMissing)
	default:
		a.refuse(w, errClientGone)
	}
}

func (a *Admin) removeClient(w http.ResponseWriter, r *http.Request) {
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	left, err := a.server.Cluster().Leave(r.Context(), id, r.PathValue("room"))
	a.answerMembership(w, left, err)
}

func (a *Admin) joinUser(w http.ResponseWriter, r *http.Request) {
	joined, err := a.server.Cluster().JoinUser(r.Context(), r.PathValue("userId"), r.PathValue("room"))
	a.answerMembership(w, joined, err)
}

func (a *Admin) removeUser(w http.ResponseWriter, r *http.Request) {
	left, err := a.server.Cluster().LeaveUser(r.Context(), r.PathValue("userId"), r.PathValue("room"))
	a.answerMembership(w, left, err)
}

var errRoomName = &apiError{"Room name is not allowed", badRoomName}

// answerMembership answers with what has become of memberships; an error is of the
// room's name.
func (a *Admin) answerMembership(w http.ResponseWriter, result core.Membership, err error) {
	if err != nil {
		a.refuse(w, errRoomName)
		return
	}
	writeJSON(w, http.StatusOK, result)
}

func (a *Admin) disconnectClient(w http.ResponseWriter, r *http.Request) {
	reason, ok := a.reasonOf(w, r)
	if !ok {
		return
	}
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		a.refuse(w, bad)
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
// why it cannot be. Nothing needs no Content-Type. A page elsewhere can send that, too,
// but not without its Origin, for which it is refused.
func (a *Admin) reasonOf(w http.ResponseWriter, r *http.Request) (reason string, ok bool) {
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		return "", true
	}
	body, ok := a.readBody(w, r, mediaJSON)
	if !ok || len(body) == 0 {
		return "", ok
	}
	var request struct {
		Reason string `json:"reason"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil || !atEnd(decoder) {
		a.refuse(w, &apiError{`Body must be empty, or {"reason":…} with a text`, badRequestBody})
		return "", false
	}
	return request.Reason, true
}
