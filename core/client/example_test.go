package client_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// A client in a room of a chat: it hears what is said, and says something.
func Example() {
	url, stop := serveChat()
	defer stop()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.New(client.Options{
		URL:   url,
		Rooms: []string{"general"},
		Log:   slog.New(slog.DiscardHandler),
		Events: client.Events{
			Connected:    func(w client.Welcome) { fmt.Println("connected, in", w.Rooms) },
			Disconnected: func(closing client.Closing) { fmt.Println(closing) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	heard := make(chan string)
	c.Handle("chat", "message", func(e client.Envelope) {
		var message struct{ Text string }
		if err := e.Bind(&message); err != nil {
			log.Print(err)
			return
		}
		heard <- message.Text
	})
	if err := c.Connect(ctx); err != nil {
		log.Fatal(err)
	}

	var reply struct{ Receivers int }
	err = c.Request(ctx, "chat", "send", map[string]string{"room": "general", "text": "Hello"}, &reply)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("heard:", <-heard)
	fmt.Println("receivers:", reply.Receivers)

	err = c.Request(ctx, "chat", "shout", nil, nil)
	fmt.Println("shouting:", err)
	if err := c.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// connected, in [general]
	// heard: Hello
	// receivers: 1
	// shouting: Unknown route (UNKNOWN_ROUTE)
	// the connection ended with 1000
}

// serveChat runs a server with the route chat.send.
func serveChat() (url string, stop func()) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", DrainPeriod: -1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	server.Handle("chat", "send", func(c *core.Context) (any, error) {
		var message struct {
			Room string `json:"room"`
			Text string `json:"text"`
		}
		if err := c.Bind(&message); err != nil {
			return nil, err
		}
		n, err := c.Broadcast(core.Room(message.Room), "chat", "message", message)
		return map[string]int{"receivers": n}, err
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	server.WaitRunning(ctx)
	return "ws://" + server.Addr().String() + "/ws", func() {
		cancel()
		<-ended
	}
}
