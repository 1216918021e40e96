package core_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

// An application that knows nothing but Redis answers requests: with a PUBLISH on
// the channel of the client's node. What is no answer is counted.
func TestUpstream_AnswersOverRedis(t *testing.T) {
	redis := redistest.Start(t)
	options := core.Options{Loops: 1, JWTSecret: wireSecret, Bus: pxlBus(t, redis), Upstream: []string{"order=orders"}}
	server := start(t, options, tellID)
	application := redistest.Listen(t, redis, "orders")
	c, other := wireUser(t, server, "5"), connect(t, server)
	id := idOf(c).String()
	answer := func(reply string) {
		redis.Do("PUBLISH", "gannet:node:{"+server.NodeID()+"}", strings.ReplaceAll(reply, "ID", id))
	}

	c.send(`{"type":"order","action":"list","data":{"page":1},"id":"x"}`)
	require.JSONEq(t, `{"clientId":"`+id+`","user":{"userId":5,"payload":{"sub":5}},"id":"x","type":"order","action":"list","data":{"page":1}}`,
		application.Next()[1])
	answer(`{"clientId":"ID","id":"x","type":"order","action":"list","response":{"total":3.50},"ours":1}`)
	require.Equal(t, `{"type":"order","action":"list","response":{"total":3.50},"id":"x"}`, c.receive(), "what is no part of a reply is left out")

	for _, bad := range []struct {
		why, reply   string
		bus, replies uint64 // how it is counted
	}{
		{"cut off", `{"clientId":"ID","type":"order"`, 1, 0},
		{"an array", `[{"clientId":"ID"}]`, 1, 0},
		{"invalid UTF-8", `{"clientId":"ID","type":"order","action":"list","response":"` + "\xff" + `"}`, 1, 0},
		{"huge", `{"clientId":"ID","type":"order","action":"list","response":"` + strings.Repeat("x", pxlMaxPayload) + `"}`, 1, 0},
		{"for nobody", `{"type":"order","action":"list"}`, 1, 0},
		{"for a number", `{"clientId":5,"type":"order","action":"list"}`, 1, 0},
		{"for a client of another node", `{"clientId":"00000000000000000000000000000001","type":"order","action":"list"}`, 1, 0},
		{"without a type", `{"clientId":"ID","action":"list","response":1}`, 0, 1},
		{"without an action", `{"clientId":"ID","type":"order","response":1}`, 0, 1},
	} {
		before := server.Stats()
		answer(bad.reply)
		answer(`{"clientId":"ID","type":"order","action":"good"}`)
		require.Equal(t, `{"type":"order","action":"good"}`, c.receive(), bad.why)
		after := server.Stats()
		assert.Equal(t, before.BusBad+bad.bus, after.BusBad, bad.why)
		assert.Equal(t, before.BadReplies+bad.replies, after.BadReplies, bad.why)
	}
	other.quiet()
}
