package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// gapBus lets a test tell its node of gaps.
type gapBus struct {
	bus.Local
	node bus.Node
}

func (b *gapBus) Open(n bus.Node) error { b.node = n; return nil }

// What a server says of gaps is an event as any other.
func TestHandle_Gap(t *testing.T) {
	nodes := &gapBus{}
	s := start(t, core.Options{Bus: nodes, NotifyGaps: true})
	gaps := make(chan string, 2)
	connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}}, func(c *client.Client) {
		c.Handle("system", "gap", func(e client.Envelope) { gaps <- string(e.Data) })
	})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	nodes.node.Missed(bus.Gap{Rooms: []string{"general"}, Count: 2, From: at, To: at})
	require.JSONEq(t, `{"roomName":"general","from":"2026-01-02T03:04:05.000Z","to":"2026-01-02T03:04:05.000Z","count":2}`, get(t, gaps, "the gap"))
}
