package core

import (
	"strconv"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// A node announces who comes and goes to the subscribers of all nodes, as far as
// Options.Announce says and somebody listens.

// Announcements is what a node announces.
type Announcements string

// The choices.
const (
	AnnounceNone  Announcements = "none"
	AnnounceRooms Announcements = "rooms" // joins and leaves
	AnnounceAll   Announcements = "all"   // connects and disconnects too
)

// announces reports whether an announcement on the channel has to be made.
func (s *Server) announces(channel string) bool {
	switch s.options.Announce {
	case AnnounceNone:
		return false
	case AnnounceRooms:
		if channel == bus.ClientConnected || channel == bus.ClientDisconnected {
			return false
		}
	}
	return s.wanted(channel)
}

func (l *loop) announceConnected(c *shard.Client) {
	if !l.server.announces(bus.ClientConnected) {
		return
	}
	event := appendClientID(nil, c)
	event = append(event, `,"lastActivity":`...)
	event = strconv.AppendInt(event, time.Now().UnixMilli(), 10)
	event = appendUser(event, c)
	l.server.announce(bus.ClientConnected, event)
}

func (l *loop) announceDisconnected(c *shard.Client) {
	if l.server.announces(bus.ClientDisconnected) {
		l.server.announce(bus.ClientDisconnected, appendClientID(nil, c))
	}
}

func (l *loop) announceJoined(c *shard.Client, room string) {
	if !l.server.announces(bus.ClientJoinedRoom) {
		return
	}
	event := appendUser(appendClientID(nil, c), c)
	event = append(event, `,"roomName":`...)
	l.server.announce(bus.ClientJoinedRoom, codec.AppendString(event, room))
}

func (l *loop) announceLeft(c *shard.Client, room string) {
	if !l.server.announces(bus.ClientLeftRoom) {
		return
	}
	event := append(appendClientID(nil, c), `,"room":`...)
	l.server.announce(bus.ClientLeftRoom, codec.AppendString(event, room))
}

// announce closes the object that the event is and sends it.
func (s *Server) announce(channel string, event []byte) {
	event = append(event, `,"workerId":"`...)
	event = append(event, s.NodeID()...)
	event = append(event, `"}`...)
	_ = s.emit(&bus.Event{Channel: channel, Payload: event, Sender: s.NodeID()})
}

// appendClientID begins the object.
func appendClientID(dst []byte, c *shard.Client) []byte {
	dst = append(dst, `{"clientId":"`...)
	dst = c.ID().AppendHex(dst)
	return append(dst, '"')
}

func appendUser(dst []byte, c *shard.Client) []byte {
	user := c.User()
	if user == nil {
		return append(dst, `,"user":null`...)
	}
	dst = append(dst, `,"user":{"userId":`...)
	dst = append(dst, user.IDJSON...)
	dst = append(dst, `,"payload":`...)
	dst = append(dst, user.Payload...)
	return append(dst, '}')
}
