package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// pair starts two nodes that know each other.
func pair(t *testing.T, prepare ...func(*core.Server)) (here, there *node) {
	t.Helper()
	hub := bus.NewHub()
	begin := func() *node {
		return start(t, settings{server: core.Options{Bus: hub.Join(), SurveyTimeout: patience}, prepare: func(s *core.Server) {
			for _, p := range prepare {
				p(s)
			}
		}})
	}
	return begin(), begin()
}

// reads makes sure of an answer, and decodes it.
func reads[T any](a *answer) (value T) {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.status, a.body)
	require.Equal(a.t, "application/json", a.header.Get("Content-Type"))
	require.NoError(a.t, json.Unmarshal([]byte(a.body), &value))
	return value
}

func TestAPI_Nodes(t *testing.T) {
	here, there := pair(t)
	there.connect()
	got := reads[struct{ Nodes []map[string]any }](here.get("/api/nodes")).Nodes
	require.Len(t, got, 2)
	assert.Equal(t, here.server.NodeID(), got[0]["node"])
	assert.Equal(t, there.server.NodeID(), got[1]["node"])
	assert.Equal(t, "running", got[1]["state"])
	assert.Equal(t, 1.0, got[1]["clients"])
	for _, key := range []string{"users", "rooms", "uptimeSeconds", "lastSeen"} {
		assert.Contains(t, got[1], key)
	}
	assert.Equal(t, 2.0, here.readMetrics()["gannet_nodes"])
}

func TestAPI_ClusterStats(t *testing.T) {
	here, there := pair(t)
	here.connect()
	there.connect()
	got := reads[core.ClusterStats](here.get("/api/cluster/stats"))
	assert.Len(t, got.Nodes, 2)
	assert.Equal(t, 2, got.Total.Clients)
	assert.Equal(t, []string{}, got.Missing)
	here.metricsAre(map[string]float64{"gannet_surveys_total": 1, "gannet_survey_missing_total": 0})
	there.metricsAre(map[string]float64{"gannet_surveys_total": 0})
}

func TestAPI_RoomsOfAllNodes(t *testing.T) {
	here, there := pair(t)
	a, b, c := here.connect(), there.connect(), there.connect()
	idA, idB := a.join("a/b é.."), b.join("a/b é..")
	c.join("small")
	assert.JSONEq(t, `{"rooms":[{"name":"a/b é..","members":2},{"name":"small","members":1}],"truncated":false,"missing":[]}`, here.get("/api/rooms").body)
	assert.JSONEq(t, `{"rooms":[{"name":"a/b é..","members":2}],"truncated":true,"missing":[]}`, here.get("/api/rooms?limit=1").body)
	for _, n := range []*node{here, there} {
		list := reads[core.ClientList](n.get("/api/rooms/" + escape("a/b é..") + "/members"))
		var ids []string
		for _, client := range list.Clients {
			ids = append(ids, client.ClientID.String())
			assert.Equal(t, client.Node, client.ClientID.String()[:12])
		}
		assert.ElementsMatch(t, []string{idA, idB}, ids)
		assert.Equal(t, 2, list.Count)
	}
	assert.JSONEq(t, `{"clients":[],"count":0,"truncated":false,"missing":[]}`, here.get("/api/rooms/none/members").body)
	assert.True(t, reads[core.ClientList](here.get("/api/rooms/"+escape("a/b é..")+"/members?limit=1")).Truncated)
	for _, limit := range []string{"", "0", "-1", "x", "10001", "1.5"} {
		here.get("/api/rooms?limit="+limit).fails(http.StatusBadRequest, "BAD_LIMIT")
		here.get("/api/rooms/a/members?limit="+limit).fails(http.StatusBadRequest, "BAD_LIMIT")
	}
}

func TestAPI_ClientsAndUsersOfAllNodes(t *testing.T) {
	here, there := pair(t)
	c := there.connect(`{"sub":5}`)
	id := c.join("r")
	found := reads[core.FoundClient](here.get("/api/clients/" + id))
	assert.Equal(t, there.server.NodeID(), found.Node)
	assert.Equal(t, []string{"r"}, found.Client.Rooms)
	assert.Equal(t, "127.0.0.1", found.Client.Address.String())
	assert.Equal(t, "5", string(found.Client.User.IDJSON))
	assert.JSONEq(t, `{"clients":[{"clientId":"`+id+`","node":"`+id[:12]+`"}],"count":1,"truncated":false,"missing":[]}`, here.get("/api/users/5").body)
	assert.JSONEq(t, `{"clients":[],"count":0,"truncated":false,"missing":[]}`, here.get("/api/users/6").body)

	here.get("/api/clients/"+id[:31]+flip(id[31])).fails(http.StatusNotFound, "CLIENT_GONE")
	here.get("/api/clients/"+someID).fails(http.StatusGatewayTimeout, "NODE_MISSING")
	for _, bad := range badIDs {
		here.get("/api/clients/"+bad).fails(http.StatusBadRequest, "BAD_CLIENT_ID")
		here.post("/api/clients/"+bad+"/disconnect", "").fails(http.StatusBadRequest, "BAD_CLIENT_ID")
	}
}

// ends makes sure how the server closes the connection.
func (c *client) ends(code uint16, reason string) {
	c.t.Helper()
	select {
	case err := <-c.closed:
		var frame *gws.CloseError
		require.ErrorAs(c.t, err, &frame)
		require.Equal(c.t, code, frame.Code)
		require.Equal(c.t, reason, string(frame.Reason))
	case <-time.After(patience):
		c.t.Fatal("the connection did not end")
	}
}

func TestAPI_Disconnect(t *testing.T) {
	here, there := pair(t)
	var all []*client
	var ids []string
	for _, n := range []*node{here, there, here, there} {
		c := n.connect(`{"sub":5}`)
		all, ids = append(all, c), append(ids, c.join("r"))
	}
	other := there.connect(`{"sub":6}`)
	const one = `{"clients":1,"missing":[]}` + "\n"
	assert.Equal(t, one, here.post("/api/clients/"+ids[1]+"/disconnect", `{"reason":"bye"}`).body)
	all[1].ends(1008, "bye")
	assert.Equal(t, one, here.post("/api/clients/"+ids[0]+"/disconnect", "").body)
	all[0].ends(1008, "disconnected")
	for _, body := range []string{`x`, `{"reason":5}`, `{"raison":"x"}`, `[]`, `{} {}`} {
		here.post("/api/users/5/disconnect", body).fails(http.StatusBadRequest, "BAD_BODY")
		here.post("/api/clients/"+ids[2]+"/disconnect", body).fails(http.StatusBadRequest, "BAD_BODY")
	}
	for _, form := range []string{"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"} { // that of another site
		here.post("/api/users/5/disconnect", "", "Content-Type: "+form).fails(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	}
	here.do(http.MethodPost, "/api/users/5/disconnect", `{"reason":"x"}`).fails(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	require.Eventually(t, func() bool { return here.server.Cluster().FindUser(t.Context(), "5").Count == 2 }, patience, tick)
	assert.Equal(t, `{"clients":2,"missing":[]}`+"\n", here.post("/api/users/5/disconnect", `{"reason":"`+strings.Repeat("long ", 50)+`"}`).body)
	for _, c := range all[2:] {
		c.ends(1008, strings.Repeat("long ", 50)[:123])
	}
	other.quiet()
	assert.Equal(t, one, here.do(http.MethodPost, "/api/users/6/disconnect", "").body, "nothing needs no Content-Type")
	other.ends(1008, "disconnected")
	assert.JSONEq(t, `{"clients":0,"missing":["`+someID[:12]+`"]}`, here.post("/api/clients/"+someID+"/disconnect", "").body)
}

// What is missing is told.
func TestAPI_NodeMissing(t *testing.T) {
	mute := &muteBus{}
	n := start(t, settings{server: core.Options{Bus: mute}})
	for _, path := range []string{"/api/cluster/stats", "/api/rooms", "/api/rooms/r/members", "/api/users/5"} {
		answer := reads[core.Coverage](n.get(path))
		assert.Equal(t, core.Coverage{Missing: []string{"00000000000a"}}, answer, path)
	}
	assert.EqualValues(t, 4, n.readMetrics()["gannet_survey_missing_total"])
}

// muteBus has one other node, which does not answer.
type muteBus struct{ bus.Local }

func (*muteBus) Survey(context.Context, bus.Question) (bus.Survey, error) {
	return bus.Survey{Missing: []string{"00000000000a"}}, nil
}

func TestAPI_ClusterNeedsTheKey(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	for _, path := range []string{
		"/api/nodes", "/api/cluster/stats", "/api/rooms", "/api/rooms/r/members", "/api/clients/" + someID, "/api/users/5",
	} {
		n.get(path).fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
	}
	for _, path := range []string{"/api/clients/" + someID + "/disconnect", "/api/users/5/disconnect"} {
		n.post(path, "").fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
	}
	require.Equal(t, http.StatusOK, n.get("/api/rooms", "X-API-Key: key").status)
}
