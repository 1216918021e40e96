package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
)

func TestInterest_FollowsMembers(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 2, calmly(server.URL()))
	assert.False(t, m.Standing("x"))
	m.Await("x", func(err error) { assert.ErrorContains(t, err, "left") })
	m.enter("x", "y")
	server.Until("gannet:room:{x}", "PUBSUB", "CHANNELS", "gannet:room:*")
	m.Leave("x")
	m.until(func() bool { return server.Do("PUBSUB", "CHANNELS", "gannet:room:*") == "gannet:room:{y}" }, "x is left")
	m.until(func() bool { return !m.Standing("x") }, "x is left")
	m.enter("x")
	m.Leave("x")
	m.Leave("y")
	m.Leave("nobody was here")
	m.until(func() bool { return server.Do("PUBSUB", "CHANNELS", "gannet:room:*") == "" }, "all are left")
}

// Somebody who comes back while the room lingers finds it as it was.
func TestInterest_Lingers(t *testing.T) {
	server := redistest.Start(t)
	options := calmly(server.URL())
	options.Linger = time.Hour
	m := join(t, 2, options)
	m.enter("x")
	for range 100 {
		m.Leave("x")
		assert.True(t, m.Standing("x"))
		m.Enter("x")
	}
	assert.True(t, m.Standing("x"))

	options.Linger = -1
	other := join(t, 3, options)
	other.enter("x")
	other.Leave("x")
	server.Until("\n1", "PUBSUB", "NUMSUB", "gannet:room:{x}")
}

// Whatever the churn, what is subscribed in the end is what is wanted, and nobody
// waits in vain.
func TestInterest_Churn(t *testing.T) {
	server := redistest.Start(t)
	options := calmly(server.URL())
	options.Linger = time.Millisecond
	m := join(t, 2, options)
	const rooms, rounds = 50, 40
	told := make(chan error, rooms*rounds)
	for round := range rounds {
		for i := range rooms {
			m.Enter(fmt.Sprint("room", i))
			m.Await(fmt.Sprint("room", i), func(err error) { told <- err })
		}
		for i := range rooms {
			if round < rounds-1 || i%2 == 0 {
				m.Leave(fmt.Sprint("room", i))
			}
		}
	}
	for range cap(told) {
		select {
		case <-told:
		case <-time.After(longWait):
			require.Fail(t, "somebody was not told")
		}
	}
	for i := range rooms {
		m.until(func() bool { return m.Standing(fmt.Sprint("room", i)) == (i%2 == 1) }, "as wanted")
	}
	own := len([]string{"all", "node", "survey", "nodes", bus.SendMessageToAll, bus.MessageError, bus.DisconnectClient})
	m.until(func() bool { return m.Stats().Subscriptions == own+rooms/2 }, "nothing else is left")
}

// A thousand rooms are subscribed to in batches.
func TestInterest_ManyRooms(t *testing.T) {
	server := redistest.Start(t)
	sender, m := join(t, 1, calmly(server.URL())), join(t, 2, calmly(server.URL()))
	const rooms = 5000
	for i := range rooms {
		m.Enter(fmt.Sprint(i))
	}
	for i := range rooms {
		m.until(func() bool { return m.Standing(fmt.Sprint(i)) }, "all rooms")
	}
	for i := range rooms {
		require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: fmt.Sprint(i), Payload: []byte("{}")}))
	}
	m.received(rooms)
}
