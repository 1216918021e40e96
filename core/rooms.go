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
	if len(name) > o.MaxRoomName || !ValidRoomName(name) {
		return errRoomName
	}
	return nil
}

// ValidRoomName reports whether a room may have the name, as far as its length
// allows, of which Options.MaxRoomName decides.
func ValidRoomName(name string) bool {
	if name == "" || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if r == '{' || r == '}' || r == utf8.RuneError || unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// Join makes the client a member of the room; in single-room mode it leaves its
// other one first. It does nothing when the client is a member already. Code
// that joins a client is not subject to the join policy, nor to Hooks.Join. The
// error says why not: the name or MaxRooms, an *Error, or ErrGone. Messages of
// other nodes arrive when the bus has subscribed to the room, which this does
// not wait for.
func (c *Context) Join(room string) error {
	if c.away() {
		err, ok := ask(c, func(here *Context) error { return here.Join(room) })
		if !ok {
			return ErrGone
		}
		return err
	}
	l, o := c.loop, &c.loop.server.options
	if err := o.checkRoomName(room); err != nil {
		l.counters.RoomNamesRefused++
		return err
	}
	if l.shard.IsMember(c.client, room) {
		return nil
	}
	if o.SingleRoom {
		c.LeaveAll()
	}
	if l.shard.RoomCount(c.client) >= o.MaxRooms {
		l.counters.RoomLimitsMet++
		return errTooManyRooms
	}
	l.shard.Join(c.client, room)
	l.announceJoined(c.client, room)
	return nil
}

// Leave ends the client's membership of the room and tells it so, with the event
// user.leftRoom. It reports whether there was one.
func (c *Context) Leave(room string) bool {
	if c.away() {
		left, _ := ask(c, func(here *Context) bool { return here.Leave(room) })
		return left
	}
	l := c.loop
	if !l.shard.Leave(c.client, room) {
		return false
	}
	l.payload = appendLeftRoom(trim(l.payload), room)
	l.frame(l.payload)
	l.announceLeft(c.client, room)
	return true
}

// LeaveAll ends all memberships of the client, as Leave does each.
func (c *Context) LeaveAll() {
	for _, room := range c.Rooms() {
		c.Leave(room)
	}
}

// IsMember reports whether the client is in the room.
func (c *Context) IsMember(room string) bool {
	if c.away() {
		member, _ := ask(c, func(here *Context) bool { return here.IsMember(room) })
		return member
	}
	return c.loop.shard.IsMember(c.client, room)
}

// Rooms returns the names of the rooms that the client is in.
func (c *Context) Rooms() []string {
	if c.away() {
		rooms, _ := ask(c, (*Context).Rooms)
		return rooms
	}
	return c.loop.shard.Rooms(c.client, nil)
}
