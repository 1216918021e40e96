package guide

import (
	"context"
	"fmt"
	"log"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// A client handles each type of message in its way. In a page that is gannet.js,
// or the browser's own WebSocket; this is the same in Go.
func Example_clientSideImplementation_browserClient() {
	server := newServer(core.Options{})
	server.Handle("chat", "send", func(c *core.Context) (any, error) {
		_, err := c.Broadcast(core.All(), "chat", "message", c.Data())
		return nil, err
	})
	defer serve(server)()

	shown := make(chan string)
	alice := newClient(server, client.Options{}, func(c *client.Client) {
		c.Handle("chat", "message", func(e client.Envelope) { shown <- "message " + string(e.Data) })
		c.Handle("chat", "userTyping", func(e client.Envelope) { shown <- "typing " + string(e.Data) })
		c.Handle("notification", "*", func(e client.Envelope) { shown <- "notification " + string(e.Data) })
	})
	defer alice.Close()

	err := alice.Send(context.Background(), "chat", "send", map[string]string{"text": "Hello everyone!"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-shown)
	for _, m := range []Message{
		{"chat", "userTyping", map[string]string{"username": "Bob"}},
		{"notification", "alert", map[string]string{"message": "Lunch is ready"}},
	} {
		if _, err := server.Broadcast(core.All(), m.Type, m.Action, m.Data); err != nil {
			log.Fatal(err)
		}
		fmt.Println(<-shown)
	}
	// Output:
	// message {"text":"Hello everyone!"}
	// typing {"username":"Bob"}
	// notification {"message":"Lunch is ready"}
}

// Chat is a controller of a client: each method handles an action.
type Chat struct{ heard chan string }

// Message handles chat.message.
func (c *Chat) Message(e client.Envelope) {
	var message ChatMessage
	if err := e.Bind(&message); err != nil {
		log.Print(err)
		return
	}
	c.heard <- message.Message
}

// A program's client has controllers, and knows when it is connected.
func Example_clientSideImplementation_nodejsClient() {
	server := newServer(core.Options{})
	server.Controller("chat", &ChatController{})
	defer serve(server)()

	c, err := client.New(client.Options{
		URL: url(server), // ws://localhost:3000/ws
		Log: quiet,
		Events: client.Events{
			Connected:    func(client.Welcome) { fmt.Println("Connected") },
			Disconnected: func(why client.Closing) { fmt.Println("Disconnected:", why) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	chat := &Chat{heard: make(chan string, 1)}
	c.Controller("chat", chat)

	ctx := context.Background()
	if err := c.Connect(ctx); err != nil {
		log.Fatal(err)
	}
	if err := c.Send(ctx, "chat", "send", map[string]string{"text": "Hello from Go client"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("Received:", <-chat.heard)
	if err := c.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Connected
	// Received: Hello from Go client
	// Disconnected: the connection ended with 1000
}
