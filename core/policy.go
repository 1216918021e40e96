package core

import (
	"strings"

	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/shard"
)

// JoinPolicy says which rooms clients may join by themselves. Code joins them to
// any.
type JoinPolicy string

// The policies.
const (
	JoinOpen  JoinPolicy = "open"  // every room
	JoinClaim JoinPolicy = "claim" // those that the token's rooms claim names
)

var errJoinRefused = &Error{Text: "You may not join this room", Code: "JOIN_REFUSED"}

// requestJoin joins the client to a room as it has asked to, if it may.
func (c *Context) requestJoin(room string) error {
	l, o := c.loop, &c.loop.server.options
	if o.checkRoomName(room) == nil && !l.shard.IsMember(c.client, room) {
		if err := c.mayJoin(room); err != nil {
			l.counters.JoinsRefused++
			return err
		}
	}
	return c.Join(room)
}

// mayJoin asks the policy, and then the join hook.
func (c *Context) mayJoin(room string) error {
	o := &c.loop.server.options
	if o.Join == JoinClaim && !claimsRoom(c.User(), room) {
		return errJoinRefused
	}
	if o.Hooks.Join == nil {
		return nil
	}
	err := o.Hooks.Join(c, room)
	if err == nil {
		return nil
	}
	if public := publicError(err); public != nil {
		return public
	}
	return errJoinRefused
}

// claimsRoom reports whether the user's token names the room, or a prefix of it
// with a star behind.
func claimsRoom(user *shard.User, room string) bool {
	for _, name := range claimedRooms(user) {
		prefix, open := strings.CutSuffix(name, "*")
		if name == room || open && strings.HasPrefix(room, prefix) {
			return true
		}
	}
	return false
}

// claimedRooms returns the rooms claim of the user's token: an array of strings,
// or nothing.
func claimedRooms(user *shard.User) []string {
	if user == nil {
		return nil
	}
	var claims struct {
		Rooms []string `json:"rooms"`
	}
	if claimsAPI.Unmarshal(user.Payload, &claims) != nil {
		return nil
	}
	return claims.Rooms
}

var claimsAPI = sonic.Config{CopyString: true, CaseSensitive: true}.Froze()

// autoJoin joins a client to the rooms that its token names in full, in single-room
// mode to the first.
func (c *Context) autoJoin() {
	for _, name := range claimedRooms(c.User()) {
		if strings.HasSuffix(name, "*") {
			continue
		}
		err := c.Join(name) // a name that cannot be, or is too many, is counted
		if err == nil && c.loop.server.options.SingleRoom {
			return
		}
	}
}
