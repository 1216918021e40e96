package core

import (
	"unicode"
	"unicode/utf8"

	"github.com/gannet-ws/gannet/shard"
)

// Why a client may not join a room.
var (
	errRoomName     = &Error{Text: "Room name is not allowed", Code: "BAD_ROOM_NAME"}
	errTooManyRooms = &Error{Text: "Too many rooms", Code: "TOO_MANY_ROOMS"}
)

// checkRoomName holds a name to the rules: UTF-8, of 1 to MaxRoomName bytes,
// without braces, which are Redis Cluster's slot tag, and without control
// characters. Half a surrogate pair decodes to U+FFFD, and so do others: different
// names must not become one room.
func (o *Options) checkRoomName(name string) error {
	if name == "" || len(name) > o.MaxRoomName || !utf8.ValidString(name) {
		return errRoomName
	}
	for _, r := range name {
		if r == '{' || r == '}' || r == utf8.RuneError || unicode.IsControl(r) {
			return errRoomName
		}
	}
	return nil
}

// join makes the client a member of the room. In single-room mode it leaves the
// other one first.
func (l *loop) join(c *shard.Client, room string) error {
	o := &l.server.options
	if err := o.checkRoomName(room); err != nil {
		l.counters.RoomNamesRefused++
		return err
	}
	if l.shard.IsMember(c, room) {
		return nil
	}
	if o.SingleRoom {
		for _, other := range l.shard.Rooms(c, nil) {
			l.leave(c, other)
		}
	}
	if l.shard.RoomCount(c) >= o.MaxRooms {
		l.counters.RoomLimitsMet++
		return errTooManyRooms
	}
	l.shard.Join(c, room)
	return nil
}

// leave ends the client's membership and tells it so. It reports whether there
// was one.
func (l *loop) leave(c *shard.Client, room string) bool {
	if !l.shard.Leave(c, room) {
		return false
	}
	l.payload = appendLeftRoom(l.payload[:0], room)
	l.frame(l.payload)
	return true
}
