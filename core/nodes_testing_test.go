package core_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// What the tests with several nodes in one process share.

// tier is two nodes on one hub.
type tier struct {
	hub         *bus.Hub
	here, there *core.Server
}

// startTier runs two servers with the same options, of which the prepared parts
// are the same, too.
func startTier(t testing.TB, options core.Options, prepare ...func(*core.Server)) tier {
	t.Helper()
	hub := bus.NewHub()
	both := tier{hub: hub}
	for _, server := range []**core.Server{&both.here, &both.there} {
		options.Bus = hub.Join()
		*server = start(t, options, prepare...)
	}
	return both
}

// outside is the service of a process that has no clients.
func (b tier) outside() *bus.Service { return bus.NewService(b.hub.Join()) }

// heard are the events that subscribers were given, in order.
type heard chan *bus.Event

func newHeard() heard { return make(heard, 1000) }

// on has the events of a channel heard, of all with "*".
func (h heard) on(channel string) func(*core.Server) {
	return func(s *core.Server) {
		s.Subscribe(bus.Subscriber{Channel: channel, Handle: func(_ context.Context, e *bus.Event) (any, error) {
			h <- e
			return nil, nil
		}})
	}
}

// next is the next event.
func (h heard) next(t testing.TB, channel, payload string) *bus.Event {
	t.Helper()
	e := next(t, h)
	require.Equal(t, channel, e.Channel)
	require.JSONEq(t, payload, e.Text())
	return e
}

// member opens an anonymous client of the server that is in the rooms.
func member(t testing.TB, server *core.Server, rooms ...string) *client {
	t.Helper()
	c := connect(t, server)
	for _, room := range rooms {
		c.join(room)
	}
	return c
}
