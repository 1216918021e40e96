// Package demo is the guide's chat application: its controller, and a page to
// try the server on.
package demo

import (
	"time"

	"github.com/gannet-ws/gannet/core"
)

// Register adds the chat's routes to a server that does not run yet.
func Register(server *core.Server) {
	server.Handle("chat", "send", send)
	server.Handle("chat", "typing", typing)
	server.Handle("demo", "echo", echo)
}

// echo answers with the request's data.
func echo(c *core.Context) (any, error) { return c.Data(), nil }

// request is what the page sends.
type request struct {
	Room     string `json:"room"`
	Username string `json:"username"`
	Text     string `json:"text"`
}

// These bytes keep one person's message from filling the others' screens.
const (
	maxText     = 2000
	maxUsername = 100
)

var (
	errNotInRoom   = &core.Error{Text: "Join the room first", Code: "NOT_A_MEMBER"}
	errLongName    = &core.Error{Text: "Username must have at most 100 bytes", Code: "INVALID_USERNAME"}
	errInvalidText = &core.Error{Text: "Text must have 1 to 2000 bytes", Code: "INVALID_MESSAGE"}
)

// send brings a message to everybody in the room, its sender included.
func send(c *core.Context) (any, error) {
	r, err := read(c)
	if err != nil {
		return nil, err
	}
	if r.Text == "" || len(r.Text) > maxText {
		return nil, errInvalidText
	}
	_, err = c.Broadcast(core.Room(r.Room), "chat", "message", map[string]string{
		"room": r.Room, "username": r.Username, "text": r.Text, "clientId": c.ClientID().String(),
		"timestamp": time.Now().UTC().Format(time.RFC3339Nano),
	})
	return map[string]bool{"success": err == nil}, err
}

// typing tells the others in the room that somebody is writing.
func typing(c *core.Context) (any, error) {
	r, err := read(c)
	if err != nil {
		return nil, err
	}
	_, err = c.Broadcast(core.Room(r.Room).Except(c.ClientID()), "chat", "userTyping", map[string]string{
		"room": r.Room, "username": r.Username, "clientId": c.ClientID().String(),
	})
	return map[string]bool{"success": err == nil}, err
}

// read returns the request of a member of the room.
func read(c *core.Context) (r request, err error) {
	if err := c.Bind(&r); err != nil {
		return r, err
	}
	if !c.IsMember(r.Room) {
		return r, errNotInRoom
	}
	if len(r.Username) > maxUsername {
		return r, errLongName
	}
	if r.Username == "" {
		r.Username = "Anonymous"
	}
	return r, nil
}
