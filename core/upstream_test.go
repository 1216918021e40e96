package core_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

// application answers the requests that come on the channel, as one in another
// process does.
func application(t *testing.T, hub *bus.Hub, channel string, answer func(request map[string]any) string) {
	t.Helper()
	member := hub.Join()
	app, err := core.New(core.Options{Addr: "127.0.0.1:0", Bus: member, Loops: 1})
	require.NoError(t, err)
	app.Subscribe(bus.Subscriber{Channel: channel, Handle: func(_ context.Context, e *bus.Event) (any, error) {
		var request map[string]any
		if err := e.Bind(&request); err != nil {
			return nil, err
		}
		member.Reply(request["clientId"].(string)[:12], []byte(answer(request)))
		return nil, nil
	}})
	run(t, app)
}

func TestUpstream_RequestsAreAnsweredByAnApplication(t *testing.T) {
	hub := bus.NewHub()
	requests := make(chan map[string]any, 10)
	application(t, hub, "orders", func(request map[string]any) string {
		requests <- request
		reply := map[string]any{"response": map[string]any{"total": 3}}
		for _, key := range []string{"clientId", "id", "type", "action"} {
			if value, ok := request[key]; ok {
				reply[key] = value
			}
		}
		encoded, _ := json.Marshal(reply)
		return string(encoded)
	})
	server := start(t, core.Options{
		Bus: hub.Join(), JWTSecret: broadcastSecret,
		Upstream: []string{"order=orders", "cart.add=orders"},
	}, func(s *core.Server) {
		s.Handle("order", "here", func(*core.Context) (any, error) { return "here", nil })
	})
	c := connect(t, server, "token="+tokenFor(t, 5))
	c.receive()
	id := wireID(c)

	require.JSONEq(t, `{"type":"order","action":"list","response":{"total":3},"id":"x"}`,
		c.ask(`{"type":"order","action":"list","data":{"page":1},"id":"x"}`))
	require.Equal(t, map[string]any{
		"clientId": id, "user": map[string]any{"userId": 5.0, "payload": map[string]any{"sub": 5.0}},
		"id": "x", "type": "order", "action": "list", "data": map[string]any{"page": 1.0},
	}, <-requests)
	require.JSONEq(t, `{"type":"cart","action":"add","response":{"total":3}}`, c.ask(`{"type":"cart","action":"add"}`))
	require.NotContains(t, <-requests, "id")

	require.Contains(t, c.ask(`{"type":"order","action":"here"}`), `"response":"here"`, "a handler comes first")
	require.Contains(t, c.ask(`{"type":"cart","action":"remove"}`), "UNKNOWN_ROUTE", "another action")
	require.Empty(t, requests)
	require.EqualValues(t, 2, server.Stats().Upstream)
}

func TestUpstream_WithoutAnApplicationTheClientIsTold(t *testing.T) {
	server := start(t, core.Options{Upstream: []string{"order=orders"}})
	c := connect(t, server)
	require.JSONEq(t, `{"type":"error","action":"message","data":{"error":"Nobody answers such requests at the moment","code":"NO_UPSTREAM"},"id":4}`,
		c.ask(`{"type":"order","action":"list","id":4}`))
	require.EqualValues(t, 1, server.Stats().UpstreamFailures)
}

func TestUpstream_BadAnswersAreCounted(t *testing.T) {
	hub := bus.NewHub()
	server := start(t, core.Options{Bus: hub.Join()})
	c := connect(t, server)
	id := wireID(c)
	worker := hub.Join()
	for _, answer := range []string{
		`no JSON`, `{}`, `{"clientId":"` + id + `","type":"a"}`, `{"clientId":"short","type":"a","action":"b"}`,
		`{"clientId":"` + id + `","type":"a","action":"b","response":"` + "\xff" + `"}`,
	} {
		require.True(t, worker.Reply(server.NodeID(), []byte(answer)), answer)
	}
	require.False(t, worker.Reply("000000000000", nil), "no such node")
	c.quiet()
	require.EqualValues(t, 5, server.Stats().BadReplies)
}

func TestUpstream_MistakesAreRefused(t *testing.T) {
	for _, texts := range [][]string{{"order"}, {"order="}, {"=orders"}, {"order.=orders"}, {"order=a", "order=b"}} {
		_, err := core.New(core.Options{Upstream: texts})
		require.ErrorContains(t, err, "upstream", texts)
	}
}
