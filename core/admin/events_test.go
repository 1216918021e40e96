package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

// accepted makes sure that an event was.
func (a *answer) accepted() {
	a.t.Helper()
	require.Equal(a.t, http.StatusAccepted, a.status, a.body)
	require.Equal(a.t, "application/json", a.header.Get("Content-Type"))
	require.Equal(a.t, `{"status":"accepted"}`+"\n", a.body)
}

// onRedis starts a node that Redis joins to others.
func onRedis(t *testing.T, server *redistest.Server, options settings) *node {
	t.Helper()
	nodes, err := redis.New(redis.Options{
		URL: []string{server.URL()}, MaxPayload: 1024, PublishTimeout: patience, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	options.server.Bus = nodes
	n := start(t, options)
	require.Eventually(t, func() bool { return nodes.Status().Connected }, patience, tick)
	return n
}

// hearing has the events of the channel custom heard.
func hearing(heard chan string) func(*core.Server) {
	return func(s *core.Server) {
		s.Subscribe(bus.Subscriber{Channel: bus.Custom, Handle: func(_ context.Context, e *bus.Event) (any, error) {
			heard <- e.Text()
			return nil, nil
		}})
	}
}

// next is the next event, whose node is that of the test.
func (n *node) next(heard <-chan string, event string) {
	n.t.Helper()
	select {
	case got := <-heard:
		require.JSONEq(n.t, strings.ReplaceAll(event, "ID", n.server.NodeID()), got)
	case <-time.After(patience):
		n.t.Fatal("no event came")
	}
}

// An event goes out on Redis as the wire has it, to other nodes and to this one's
// subscribers, and to no client.
func TestAPI_Events(t *testing.T) {
	server, here, there := redistest.Start(t), make(chan string, 10), make(chan string, 10)
	n := onRedis(t, server, settings{prepare: hearing(here)})
	onRedis(t, server, settings{prepare: hearing(there)})
	application := redistest.Listen(t, server, "custom")
	c := n.connect()
	for body, want := range map[string]string{
		`{}`:                                   `{"workerId":"ID"}`,
		" {\"type\":\"order\" , \"n\":1.50}\n": `{"type":"order","n":1.50,"workerId":"ID"}`,
		`{"workerId":7,"x":[]}`:                `{"workerId":"ID","x":[]}`,
	} {
		n.post("/api/events", body).accepted()
		require.JSONEq(t, strings.ReplaceAll(want, "ID", n.server.NodeID()), application.Next()[1])
		n.next(here, want)
		n.next(there, want)
	}
	c.quiet()
}

// What comes again is sent once.
func TestAPI_EventsOnce(t *testing.T) {
	heard := make(chan string, 10)
	n := start(t, settings{prepare: hearing(heard)})
	first := n.post("/api/events", `{"x":1}`, "Idempotency-Key: a")
	first.accepted()
	n.post("/api/events", `{"x":1}`, "Idempotency-Key: a").again(first)
	n.post("/api/events", `{"x":2}`, "Idempotency-Key: a").fails(http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
	n.post("/api/events", `{"x":3}`, "Idempotency-Key: b").accepted()
	n.next(heard, `{"x":1,"workerId":"ID"}`)
	n.next(heard, `{"x":3,"workerId":"ID"}`)
	assert.Empty(t, heard)
}

// deafBus takes no event until it is told to.
type deafBus struct {
	bus.Local
	why error
}

func (*deafBus) Wanted(string) bool { return true }

func (b *deafBus) Emit(*bus.Event) error { return b.why }

// Who sends an event is told why nobody could hear it, and each reason is described.
func TestAPI_EventsRefused(t *testing.T) {
	d := readDescription(t)
	heard := make(chan string, 10)
	for code, n := range map[string]*node{
		"NO_BUS":         start(t, settings{}),
		"BUS_AWAY":       start(t, settings{server: core.Options{Bus: &deafBus{why: errors.New("away")}}, prepare: hearing(heard)}),
		"BODY_TOO_LARGE": start(t, settings{server: core.Options{Bus: &deafBus{why: bus.ErrTooLarge}}, prepare: hearing(heard)}),
	} {
		answer := n.post("/api/events", "{}", "Idempotency-Key: a")
		answer.fails(statusOf(t, code), code)
		d.describes(t, d.operation("POST", "/api/events"), answer)
		assert.Equal(t, code == "BUS_AWAY", answer.header.Get("Retry-After") == "1", code)
		n.metricsAre(map[string]float64{`gannet_api_refused_total{code="` + code + `"}`: 1})
	}
	assert.Empty(t, heard, "nobody hears what the bus has not taken")
}

// An event that was refused while Redis was away is sent when it comes again, under its
// key.
func TestAPI_EventsWhileRedisIsAway(t *testing.T) {
	server := redistest.Start(t)
	n := onRedis(t, server, settings{})
	n.post("/api/events", `{"x":"`+strings.Repeat("x", 1024)+`"}`).fails(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
	server.Kill()
	require.Eventually(t, func() bool { return n.post("/api/events", "{}").status != http.StatusAccepted }, patience, tick)
	const key = "Idempotency-Key: a"
	n.post("/api/events", `{"x":1}`, key).fails(http.StatusServiceUnavailable, "BUS_AWAY")
	server.Restart()
	application := redistest.Listen(t, server, "custom")
	require.Eventually(t, func() bool { return n.post("/api/events", `{"x":1}`, key).status == http.StatusAccepted }, patience, tick)
	want, event := `{"x":1,"workerId":"`+n.server.NodeID()+`"}`, application.Next()[1]
	for !strings.Contains(event, `"x"`) { // what had been taken before Redis was known to be away
		event = application.Next()[1]
	}
	assert.JSONEq(t, want, event)
	assert.Equal(t, "true", n.post("/api/events", `{"x":1}`, key).header.Get("Idempotency-Replayed"))
}
