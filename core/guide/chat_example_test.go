package guide

import (
	"context"
	"fmt"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// ChatApp is the guide's chat application: all of its server is from here to
// newChat's end.
type ChatApp struct{}

// Line is what somebody says, and where.
type Line struct {
	Room     string `json:"room"`
	Username string `json:"username"`
	Text     string `json:"text,omitempty"`
}

// Send brings a line to the room.
func (*ChatApp) Send(c *core.Context) (any, error) {
	var line Line
	if err := c.Bind(&line); err != nil {
		return nil, err
	}
	if line.Text == "" {
		return nil, &core.Error{Text: "Invalid message format", Code: "INVALID_MESSAGE"}
	}
	_, err := c.Broadcast(core.Room(line.Room), "chat", "message", line)
	return map[string]any{"success": true, "messageId": time.Now().UnixMilli()}, err
}

// Typing tells the others in the room.
func (*ChatApp) Typing(c *core.Context) (any, error) {
	var line Line
	if err := c.Bind(&line); err != nil {
		return nil, err
	}
	_, err := c.Broadcast(core.Room(line.Room).Except(c.ClientID()), "chat", "userTyping", line)
	return map[string]bool{"success": true}, err
}

// newChat returns the server, to be Run.
func newChat(options core.Options) *core.Server {
	options.InactiveTimeout = 5 * time.Minute
	server := newServer(options)
	server.Controller("chat", &ChatApp{})
	server.Handle("admin", "broadcast", func(c *core.Context) (any, error) {
		_, err := c.Broadcast(core.All(), "notification", "alert", c.Data())
		return map[string]bool{"success": true}, err
	}, core.Require("claim:role == admin"))
	server.Handle("user", "updatePreferences", func(c *core.Context) (any, error) {
		return map[string]bool{"success": true}, c.SetMetadata("preferences", c.Data())
	})
	server.Subscribe(bus.Subscriber{
		Name: "status", Channel: bus.Custom,
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			return server.Broadcast(core.All().Here(), "status", "update", e.Payload)
		},
	})
	return server
}

// The guide's chat application as a whole, in fewer than a hundred lines.
func Example_chat() {
	server := newChat(core.Options{})
	defer serve(server)()
	alice := newPerson(server, client.Options{Rooms: []string{"general"}})
	defer alice.Close()
	bob := newPerson(server, client.Options{Rooms: []string{"general"}})
	defer bob.Close()

	ctx := context.Background()
	line := Line{Room: "general", Username: "alice"}
	_ = alice.Request(ctx, "chat", "typing", line, nil)
	fmt.Println("bob:", string(bob.next().Data))
	line.Text = "Hello everyone!"
	_ = alice.Request(ctx, "chat", "send", line, nil)
	fmt.Println("bob:", string(bob.next().Data))
	fmt.Println("alice:", alice.Request(ctx, "admin", "broadcast", line, nil))
	// Output:
	// bob: {"room":"general","username":"alice"}
	// bob: {"room":"general","username":"alice","text":"Hello everyone!"}
	// alice: You may not do this (FORBIDDEN)
}
