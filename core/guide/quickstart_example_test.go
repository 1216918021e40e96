package guide

import (
	"context"
	"fmt"
	"log"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// A server runs until its context ends: that of signal.NotifyContext, for a
// program that people stop.
func Example_quickStart_basicServer() {
	ctx, stop := context.WithCancel(context.Background())
	server, err := core.New(core.Options{
		Addr: "127.0.0.1:0", // ":3000" unless you say otherwise; 0 is any free port
		Path: "/ws",
		Log:  quiet,
		Hooks: core.Hooks{Started: func(s *core.Server) {
			fmt.Println("WebSocket server", s.State(), "at", s.Options().Path)
			stop()
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("WebSocket server", server.State())
	// Output:
	// WebSocket server running at /ws
	// WebSocket server stopped
}

// A client connects, says hello, and listens.
func Example_quickStart_basicClient() {
	server := newServer(core.Options{})
	server.Handle("chat", "message", func(c *core.Context) (any, error) {
		_, err := c.Broadcast(core.All(), "chat", "message", c.Data())
		return nil, err
	})
	defer serve(server)()

	received := make(chan string, 1)
	c, err := client.New(client.Options{
		URL: url(server), // ws://localhost:3000/ws
		Log: quiet,
		Events: client.Events{
			Connected: func(client.Welcome) { fmt.Println("Connected to WebSocket server") },
			Message:   func(e client.Envelope) { received <- string(e.Data) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	ctx := context.Background()
	if err := c.Connect(ctx); err != nil {
		log.Fatal(err)
	}
	if err := c.Request(ctx, "chat", "message", map[string]string{"text": "Hello!"}, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println("Received:", <-received)
	// Output:
	// Connected to WebSocket server
	// Received: {"text":"Hello!"}
}
