package guide

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// eavesdropper keeps all events that a node hears.
type eavesdropper chan *bus.Event

func (e eavesdropper) subscriber() bus.Subscriber {
	return bus.Subscriber{Name: "eavesdropper", Channel: bus.AnyChannel, Handle: func(_ context.Context, event *bus.Event) (any, error) {
		e <- event
		return nil, nil
	}}
}

// hears makes sure of the next event. WORKER in the payload stands for the id of
// the node that it comes from.
func (e eavesdropper) hears(t *testing.T, from *core.Server, channel, payload string) {
	t.Helper()
	event := get(t, e)
	require.Equal(t, channel, event.Channel)
	require.JSONEq(t, strings.ReplaceAll(payload, "WORKER", from.NodeID()), event.Text())
	require.Equal(t, from.NodeID(), event.Sender)
}

// pair is two workers, of which the second is overheard.
func pair(t *testing.T, options core.Options) (one, two *core.Server, heard eavesdropper, hub *bus.Hub) {
	t.Helper()
	hub, heard = bus.NewHub(), make(eavesdropper, 1024)
	options.Bus = hub.Join()
	one = start(t, options)
	options.Bus = hub.Join()
	two = start(t, options, func(s *core.Server) { s.Subscribe(heard.subscriber()) })
	return one, two, heard, hub
}

// discard is a handler that does nothing.
func discard(context.Context, *bus.Event) (any, error) { return nil, nil }

var errAway = errors.New("the database is away")

// script is a handler that fails with the errors in turn, a nil one not at all,
// and goes on without any.
type script struct {
	errors []error
	calls  int
}

func (s *script) handle(context.Context, *bus.Event) (any, error) {
	s.calls++
	if s.calls <= len(s.errors) {
		return "done", s.errors[s.calls-1]
	}
	return "done", nil
}

// afterEvents runs a server with the subscriber, emits the events on the
// subscriber's channel, and returns the figures when all have been handled.
func afterEvents(t *testing.T, s bus.Subscriber, events ...any) bus.SubscriberStats {
	t.Helper()
	server := newServer(core.Options{})
	server.Subscribe(s)
	stop := serve(server)
	for _, e := range events {
		require.NoError(t, server.Emit(s.Channel, e))
	}
	stop()
	return server.Stats().Subscribers[0]
}

// has keeps the events that have a property.
func has(property string) func(*bus.Event) bool {
	return func(e *bus.Event) bool {
		_, ok := e.Value(property)
		return ok
	}
}

// needs refuses the events that lack a property.
func needs(property string) func(*bus.Event) error {
	return func(e *bus.Event) error {
		if has(property)(e) {
			return nil
		}
		return fmt.Errorf("missing %s", property)
	}
}

// call handles an event without a server, where the clock is not real.
func call(t *testing.T, handle bus.Handler) {
	t.Helper()
	_, err := handle(t.Context(), &bus.Event{Channel: "updates", Payload: []byte(`{}`)})
	require.NoError(t, err)
}
