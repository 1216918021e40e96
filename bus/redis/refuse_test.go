package redis_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// What is too large to be sent is missing at the others, who are told.
func TestPublish_TooLargeIsMissed(t *testing.T) {
	server := redistest.Start(t)
	options := calmly(server.URL())
	options.MaxPayload = 1000
	sender, receiver := join(t, 1, options), join(t, 2, options)
	receiver.enter("x")
	small := []byte(`{"n":1}`)
	large := []byte(`{"":"` + strings.Repeat("x", 1000) + `"}`)
	many := make([]string, 700)
	for i := range many {
		many[i] = strings.Repeat("r", 100)
	}
	publish := func(m bus.Message, payload []byte) error {
		m.Payload = payload
		return sender.Publish(m)
	}
	for name, m := range map[string]bus.Message{
		"room":    {To: bus.Room, Room: "x"},
		"all":     {To: bus.All},
		"clients": {To: bus.Clients, Clients: []bus.ClientID{client(2, 1)}},
		"rooms":   {To: bus.Rooms, Rooms: many},
	} {
		t.Run(name, func(t *testing.T) {
			first := m
			first.Rooms = nil
			if m.To == bus.Rooms {
				first.To = bus.All
			}
			require.NoError(t, publish(first, small)) // from here on numbers are known
			receiver.until(func() bool { return receiver.take(string(small)) }, "the first one has to come")
			before, failed := counted(receiver), sender.Stats().Failed
			payload := large
			if m.To == bus.Rooms {
				payload = small
			}
			require.Error(t, publish(m, payload))
			receiver.until(func() bool { return counted(receiver) == before+1 }, "one is missing")
			assert.Equal(t, failed+1, sender.Stats().Failed)
		})
	}
	assert.Error(t, sender.Emit(&bus.Event{Channel: "gannet:nodes", Payload: small}), "it is the nodes' own")
	assert.Error(t, sender.Emit(&bus.Event{Channel: bus.Custom, Payload: large}))
}

// A message for which the node has no room is missing there, which is told.
func TestReceive_NodeIsFull(t *testing.T) {
	server := redistest.Start(t)
	sender, receiver := join(t, 1, calmly(server.URL())), join(t, 2, calmly(server.URL()), func(n *node) { n.full = true })
	receiver.enter("x")
	require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: []byte("{}")}))
	server.Do("PUBLISH", "gannet:room:{x}", "{}")
	receiver.until(func() bool { return counted(receiver) == 2 }, "both are missing")
	_, _, gaps := receiver.seen()
	assert.Equal(t, []string{"x"}, gaps[0].Rooms)
	assert.EqualValues(t, 2, receiver.Stats().Dropped)
}
