package core_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// trafficOf is the traffic of a room, if it is among the top.
func trafficOf(server *core.Server, room string) (core.RoomTraffic, bool) {
	for _, r := range server.Glance().TopRooms {
		if r.Name == room {
			return r, true
		}
	}
	return core.RoomTraffic{}, false
}

func TestTraffic_LargestAndBusiest(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{MaxRooms: 100})
	c, other := connect(t, server), connect(t, server)
	for i := range 50 { // large, and silent
		c.join(fmt.Sprint("large", i))
		other.join(fmt.Sprint("large", i))
	}
	c.join("small")
	require.Empty(t, c.messages)
	top := server.Glance().TopRooms
	require.Len(t, top, 20)
	for _, room := range top {
		assert.Equal(t, 2, room.Members)
		assert.Zero(t, room.MessagesPerSecond)
	}
	eventually(t, func() bool {
		_, err := server.Publish(note{"x", 0}.to(core.Room("small")))
		require.NoError(t, err)
		small, found := trafficOf(server, "small")
		return found && small.Members == 1 && small.MessagesPerSecond > 1
	}, "the busiest is among them, however small")
	assert.Len(t, server.Glance().TopRooms, 21)
	eventually(t, func() bool {
		_, found := trafficOf(server, "small")
		return !found
	}, "and is not when it is silent")
}

// A message to several rooms is one to each, and what other nodes publish counts.
func TestTraffic_Counts(t *testing.T) {
	t.Parallel()
	nodes := startTier(t, core.Options{})
	member(t, nodes.here, "a", "b")
	nodes.here.Glance() // begins to count
	target := core.Rooms("a", "b")
	eventually(t, func() bool {
		_, err := nodes.there.Publish(note{"x", 0}.to(target))
		require.NoError(t, err)
		a, _ := trafficOf(nodes.here, "a")
		b, _ := trafficOf(nodes.here, "b")
		return a.MessagesPerSecond > 1 && b.MessagesPerSecond > 1
	}, "both are busy")
	assert.Empty(t, nodes.there.Glance().TopRooms)
}

// What was published before anybody looked is not of the last seconds.
func TestTraffic_OfLongAgo(t *testing.T) {
	server := start(t, core.Options{})
	member(t, server, "r")
	for i := range 100 {
		_, err := server.Publish(note{"x", i}.to(core.Room("r")))
		require.NoError(t, err)
	}
	want := []core.RoomTraffic{{RoomInfo: core.RoomInfo{Name: "r", Members: 1}}}
	assert.Equal(t, want, server.Glance().TopRooms)
}

// A room that nobody is in any more is not shown.
func TestTraffic_EmptyRoom(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{})
	c := member(t, server, "r")
	eventually(t, func() bool {
		_, err := server.Publish(note{"x", 0}.to(core.Room("r")))
		require.NoError(t, err)
		r, _ := trafficOf(server, "r")
		return r.MessagesPerSecond > 0
	}, "it is busy")
	c.send(`{"type":"system","action":"leaveRoom","data":{"roomName":"r"}}`)
	eventually(t, func() bool { return len(server.Glance().TopRooms) == 0 }, "it is gone")
}
