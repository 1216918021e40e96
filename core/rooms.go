package core

import (
	"unicode"
	"unicode/utf8"
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

// Join makes the client a member of the room; in single-room mode it leaves its
// other one first. It does nothing when the client is a member already. The
// error, an *Error, says why not: the name, MaxRooms, or Hooks.Join. Messages of
// other nodes arrive when the bus has subscribed to the room, which this does
// not wait for.
func (c *Context) Join(room string) error {
	l, o := c.loop, &c.loop.server.options
	if err := o.checkRoomName(room); err != nil {
		l.counters.RoomNamesRefused++
		return err
	}
	if l.shard.IsMember(c.client, room) {
		return nil
	}
	if err := c.mayJoin(room); err != nil {
		l.counters.JoinsRefused++
		return err
	}
	if o.SingleRoom {
		for _, other := range l.shard.Rooms(c.client, nil) {
			c.Leave(other)
		}
	}
	if l.shard.RoomCount(c.client) >= o.MaxRooms {
		l.counters.RoomLimitsMet++
		return errTooManyRooms
	}
	l.shard.Join(c.client, room)
	return nil
}

// Leave ends the client's membership of the room and tells it so, with the event
// user.leftRoom. It reports whether there was one.
func (c *Context) Leave(room string) bool {
	l := c.loop
	if !l.shard.Leave(c.client, room) {
		return false
	}
	l.payload = appendLeftRoom(trim(l.payload), room)
	l.frame(l.payload)
	return true
}

// Rooms returns the names of the rooms that the client is in.
func (c *Context) Rooms() []string { return c.loop.shard.Rooms(c.client, nil) }
