package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Several rooms, users or clients are one audience, of which each client gets the
// message once, on all nodes.
func TestPublish_SeveralTargets(t *testing.T) {
	here, there := pair(t)
	for _, n := range []*node{here, there} {
		a, b, c := n.connect(`{"sub":5}`), n.connect(`{"sub":"6"}`), n.connect()
		idA, idC := a.join("one"), c.join("three")
		a.join("two")
		b.join("two")
		targets := []struct {
			target    string
			receivers int // on the node that publishes
			of        []*client
		}{
			{`"rooms":["one","two"]`, 3, []*client{a, b}},
			{`"rooms":["two","none","two"]`, 2, []*client{a, b}},
			{`"rooms":["three"]`, 1, []*client{c}},
			{`"userIds":[5,"6",5]`, 2, []*client{a, b}},
			{`"userIds":["5"]`, 1, []*client{a}},
			{`"clientIds":["` + idA + `","` + idC + `","` + idA + `"]`, 2, []*client{a, c}},
			{`"rooms":["one","two"],"except":"` + idA + `"`, 2, []*client{b}},
			{`"rooms":["one","two"],"where":"user == 6"`, 3, []*client{b}},
			{`"where":"not user"`, 3, []*client{c}},
			{`"userIds":["none"]`, 0, nil},
		}
		for i, tt := range targets {
			for _, publisher := range []*node{here, there} {
				receivers := 0
				if publisher == n {
					receivers = tt.receivers
				}
				line := `{` + tt.target + `,"message":` + numbered(i) + `}`
				publisher.post("/api/publish", line).reaches(receivers)
				require.Equal(t, []string{fmt.Sprintf(`{"receivers":%d}`, receivers)}, publisher.batch(line), tt.target)
				for _, client := range []*client{a, b, c} {
					for _, receiver := range tt.of {
						if client == receiver {
							require.Equal(t, numbered(i), client.receive(), tt.target)
							require.Equal(t, numbered(i), client.receive(), tt.target)
						}
					}
				}
				for _, client := range []*client{a, b, c} {
					client.quiet()
				}
			}
		}
		for _, client := range []*client{a, b, c} {
			_ = client.conn.WriteClose(1000, nil)
		}
		require.Eventually(t, func() bool { return n.server.Stats().Clients == 0 }, patience, tick)
	}
}

// A condition of the query picks among those that the path names, on all nodes.
func TestPublish_Where(t *testing.T) {
	here, there := pair(t)
	premium, free := there.connect(`{"sub":5,"plan":"premium"}`), there.connect(`{"sub":5,"plan":"a;b&c"}`)
	id := premium.join("general")
	free.join("general")
	for _, path := range []string{"/api/broadcast", "/api/rooms/general/broadcast", "/api/users/5/broadcast", "/api/clients/" + id + "/send"} {
		here.post(path+"?where=claim:plan+%3D%3D+premium", hello).reaches(0)
		premium.receives(hello)
		free.quiet()
	}
	here.post("/api/broadcast?where=claim:plan+%3D%3D+%22a%3Bb%26c%22", hello).reaches(0)
	free.receives(hello)
	premium.quiet()
}

// What is wrong with a target must not make it everybody.
func TestPublish_BadTargets(t *testing.T) {
	n := start(t, settings{})
	c := n.connect(`{"sub":5}`)
	id := c.join("general")
	for code, targets := range map[string][]string{
		"BAD_LINE": {
			`"rooms":[]`, `"rooms":null`, `"rooms":"general"`, `"rooms":[""]`, `"rooms":[null]`, `"rooms":["general",null]`, `"rooms":[5]`, `"rooms":{}`,
			`"rooms":["general"],"rooms":null`, `"userIds":[]`, `"userIds":null`, `"userIds":[null]`, `"userIds":[true]`, `"userIds":[[5]]`,
			`"clientIds":[]`, `"clientIds":null`, `"clientIds":[""]`, `"clientIds":[5]`, `"where":null`, `"where":""`, `"where":5`,
			`"room":"general","rooms":["general"]`, `"userId":5,"userIds":[5]`, `"clientId":"` + id + `","clientIds":["` + id + `"]`,
			`"rooms":["general"],"userIds":[5]`, `"userIds":[5],"clientIds":["` + id + `"]`, `"room":"general","userIds":[5]`,
			`"rooms":[` + strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("r", 100)+`",`, 500), ",") + `]`,
		},
		"BAD_CLIENT_ID": {`"clientIds":["5"]`, `"clientIds":["` + id + `","` + strings.ToUpper(id) + `x"]`},
		"BAD_CONDITION": {`"where":"claim"`, `"where":"user == "`, `"where":"` + strings.Repeat("(", 20) + `"`},
	} {
		for _, target := range targets {
			line := `{` + target + `,"message":` + hello + `}`
			n.post("/api/publish", line).fails(http.StatusBadRequest, code)
			requireError(t, n.batch(line)[0], code)
			c.quiet()
		}
	}
}

// A batch with a condition that cannot be read goes on behind it.
func TestPublish_BadConditionInABatch(t *testing.T) {
	n := start(t, settings{server: core.Options{Loops: 1}})
	c := n.connect()
	n.exchange(
		line{`{"message":` + numbered(1) + `}`, 1, ""},
		line{`{"where":"x","message":` + numbered(0) + `}`, 0, "BAD_CONDITION"},
		line{`{"message":` + numbered(2) + `}`, 1, ""},
	)
	c.receives(numbered(1), numbered(2))
	n.metricsAre(map[string]float64{`gannet_api_refused_total{code="BAD_CONDITION"}`: 1, `gannet_api_refused_total{code="NOT_FOUND"}`: 0})
}
