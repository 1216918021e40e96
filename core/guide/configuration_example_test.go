package guide

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// All that the guide configures, in its order.
func Example_configuration_webSocketServerConfiguration() {
	told := make(chan string, 10)
	server := newServer(core.Options{
		Addr: "127.0.0.1:0", // host and port
		Path: "/ws",

		SingleRoom: false, // clients may be in multiple rooms

		InactiveTimeout: 5 * time.Minute, // for clients that send nothing
		LogInactive:     false,           // log disconnections

		Hooks: core.Hooks{
			Started:      func(*core.Server) { told <- "WebSocket server started" },
			Connected:    func(c *core.Context) { told <- "Client " + c.UserID() + " connected" },
			Disconnected: func(d core.Departure) { told <- "Client " + d.User.ID + " disconnected" },
			Message:      func(c *core.Context) { told <- "Message from " + c.UserID() + ": " + string(c.Data()) },
			Error:        func(_ *core.Context, err error) { told <- "WebSocket error: " + err.Error() },
		},
		JWTSecret: secret,
	})
	server.Handle("chat", "send", func(*core.Context) (any, error) {
		return nil, errors.New("the database is away")
	})
	server.Subscribe(bus.Subscriber{
		Channel: bus.Custom,
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			told <- "Event on " + e.Channel
			return nil, nil
		},
	})
	fmt.Println("Routes:", server.Routes())
	defer serve(server)()
	fmt.Println(<-told)

	alice := newClient(server, as(jwt.MapClaims{"sub": "alice"}))
	fmt.Println(<-told)
	err := alice.Request(context.Background(), "chat", "send", map[string]string{"text": "Hello!"}, nil)
	fmt.Println(<-told)
	fmt.Println(<-told)
	fmt.Println("alice is told:", err)
	alice.Close()
	fmt.Println(<-told)
	if err := server.SendCustomMessage(map[string]string{"action": "userStatusChanged"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-told)
	// Output:
	// Routes: [chat.send system.joinRoom system.leaveRoom system.ping system.pong system.refreshToken]
	// WebSocket server started
	// Client alice connected
	// Message from alice: {"text":"Hello!"}
	// WebSocket error: the database is away
	// alice is told: Internal error (INTERNAL)
	// Client alice disconnected
	// Event on custom
}
