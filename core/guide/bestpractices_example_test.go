package guide

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Message is what clients and server send each other.
type Message struct {
	Type   string `json:"type"`           // Category: 'chat', 'notification', 'system'
	Action string `json:"action"`         // Specific action: 'send', 'typing', 'update'
	Data   any    `json:"data,omitempty"` // Payload
}

// Any WebSocket will do for a client, if it keeps to the protocol.
func Example_bestPractices_messageProtocol() {
	server := newServer(core.Options{})
	server.Handle("chat", "typing", func(*core.Context) (any, error) {
		return map[string]bool{"success": true}, nil
	})
	defer serve(server)()
	ws := dial(url(server))
	defer ws.close()

	for _, message := range []Message{
		{Type: "chat", Action: "typing", Data: map[string]string{"username": "alice"}},
		{Type: "chat"},
	} {
		text, err := json.Marshal(message)
		if err != nil {
			log.Fatal(err)
		}
		ws.send(string(text))
		fmt.Println(ws.receive())
	}
	// Output:
	// {"type":"chat","action":"typing","response":{"success":true}}
	// {"type":"error","action":"message","data":{"error":"Missing WebSocket message action"}}
}

// Failure is an answer that says why not.
type Failure struct {
	Error string `json:"error"`
	Code  string `json:"code"`
}

// sendCarefully answers chat.send, or says what is wrong with the message.
func sendCarefully(c *core.Context) (any, error) {
	var data struct {
		Text string `json:"text"`
	}
	if err := c.Bind(&data); err != nil || data.Text == "" {
		return Failure{"Invalid message format", "INVALID_MESSAGE"}, nil
	}
	if _, err := c.Broadcast(core.All(), "chat", "message", data); err != nil {
		slog.Error("Error in chat.send", "error", err)
		return Failure{"Failed to send message", "SEND_ERROR"}, nil
	}
	return map[string]bool{"success": true}, nil
}

// A handler answers what is wrong, as a value or as a *core.Error. Of any other
// error the client learns only that there was one.
func Example_bestPractices_errorHandling() {
	server := newServer(core.Options{})
	server.Handle("chat", "send", sendCarefully)
	server.Handle("chat", "edit", func(*core.Context) (any, error) {
		return nil, &core.Error{Text: "Message is too old", Code: "TOO_OLD"}
	})
	defer serve(server)()
	alice := newPerson(server, client.Options{})
	defer alice.Close()
	ctx := context.Background()

	fmt.Println(alice.Request(ctx, "chat", "send", map[string]int{"text": 5}, nil))
	fmt.Println(alice.Request(ctx, "chat", "edit", map[string]string{"text": "Hallo!"}, nil))
	fmt.Println(alice.Request(ctx, "chat", "send", map[string]string{"text": "Hello!"}, nil))
	fmt.Println(alice.hears())
	// Output:
	// Invalid message format (INVALID_MESSAGE)
	// Message is too old (TOO_OLD)
	// <nil>
	// chat.message {"text":"Hello!"}
}

// broadcastAsAdmin answers admin.broadcast, for those whose token says that they
// may.
func broadcastAsAdmin(c *core.Context) (any, error) {
	var claims struct{ Role string }
	if err := c.BindClaims(&claims); err != nil || claims.Role != "admin" {
		return Failure{"Unauthorized", "FORBIDDEN"}, nil
	}
	_, err := c.Broadcast(core.All(), "admin", "message", c.Data())
	return map[string]bool{"success": err == nil}, err
}

// Sensitive operations ask what the token says.
func Example_bestPractices_authentication() {
	server := newServer(core.Options{JWTSecret: secret})
	server.Handle("admin", "broadcast", broadcastAsAdmin)
	defer serve(server)()
	admin := newPerson(server, as(jwt.MapClaims{"sub": "root", "role": "admin"}))
	defer admin.Close()
	alice := newPerson(server, as(jwt.MapClaims{"sub": "alice"}))
	defer alice.Close()

	for _, who := range []*person{alice, admin} {
		fmt.Println(who.Request(context.Background(), "admin", "broadcast", "We close at six", nil))
	}
	fmt.Println("alice hears", alice.hears())
	// Output:
	// Unauthorized (FORBIDDEN)
	// <nil>
	// alice hears admin.message "We close at six"
}

// With hierarchical names a token can open a branch: with Join: core.JoinClaim,
// the rooms of its claim are those that its bearer may join.
func Example_bestPractices_roomNaming() {
	server := newServer(core.Options{JWTSecret: secret, Join: core.JoinClaim})
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{
		"sub":   123,
		"rooms": []string{"chat:*", "notifications:user:123"},
	}))
	defer alice.Close()

	for _, room := range []string{"chat:general", "chat:support", "notifications:user:123", "notifications:user:124"} {
		fmt.Println(room, alice.Join(context.Background(), room))
	}
	// Output:
	// chat:general <nil>
	// chat:support <nil>
	// notifications:user:123 <nil>
	// notifications:user:124 You may not join this room (JOIN_REFUSED)
}

// A client connects again by itself, and gives up when it has tried for long
// enough. In a page, gannet.js does that.
func Example_bestPractices_connectionManagement() {
	server := newServer(core.Options{})
	stop := serve(server)

	over := make(chan struct{})
	c, err := client.New(client.Options{
		URL:         url(server),
		MinBackoff:  time.Millisecond, // 500 ms unless you say otherwise; it doubles each time
		MaxAttempts: 5,
		Log:         quiet,
		Events: client.Events{
			Connected:    func(client.Welcome) { fmt.Println("Connected") },
			Disconnected: func(why client.Closing) { fmt.Println("Disconnected:", why.Reason) },
			Reconnecting: func(attempt int, _ time.Duration) { fmt.Println("Reconnecting, attempt", attempt) },
			Failed: func(error) {
				fmt.Println("Max reconnection attempts reached")
				close(over)
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(context.Background()); err != nil {
		log.Fatal(err)
	}
	stop()
	<-over
	// Output:
	// Connected
	// Disconnected: draining
	// Reconnecting, attempt 1
	// Reconnecting, attempt 2
	// Reconnecting, attempt 3
	// Reconnecting, attempt 4
	// Reconnecting, attempt 5
	// Max reconnection attempts reached
}

// Limits count what each client sends. Handlers run on several event loops, so
// they have a lock.
type Limits struct {
	max     int
	every   time.Duration
	mu      sync.Mutex
	windows map[shard.ID]window
}

type window struct {
	count   int
	resetAt time.Time
}

// NewLimits returns limits of so many messages in every window of time.
func NewLimits(most int, every time.Duration) *Limits {
	return &Limits{max: most, every: every, windows: map[shard.ID]window{}}
}

// Allow counts a message, and reports whether the client may send it.
func (l *Limits) Allow(client shard.ID, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[client]
	if !now.Before(w.resetAt) {
		w = window{resetAt: now.Add(l.every)}
	}
	w.count++
	l.windows[client] = w
	return w.count <= l.max
}

// Forget is for clients that have gone.
func (l *Limits) Forget(client shard.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.windows, client)
}

// The server has limits for all messages of a client, MaxMessageRate and
// MaxByteRate. This is one for a single route.
func Example_bestPractices_rateLimiting() {
	limits := NewLimits(10, time.Minute)
	server := newServer(core.Options{
		Hooks: core.Hooks{Disconnected: func(d core.Departure) { limits.Forget(d.ClientID) }},
	})
	server.Handle("chat", "send", func(c *core.Context) (any, error) {
		if !limits.Allow(c.ClientID(), time.Now()) {
			return Failure{"Rate limit exceeded", "RATE_LIMIT"}, nil
		}
		_, err := c.Broadcast(core.All(), "chat", "message", c.Data())
		return map[string]bool{"success": err == nil}, err
	})
	defer serve(server)()
	alice := newPerson(server, client.Options{})
	defer alice.Close()

	for i := range 11 {
		if err := alice.Request(context.Background(), "chat", "send", i, nil); err != nil {
			fmt.Println("message", i+1, "is refused:", err)
		}
	}
	// Output:
	// message 11 is refused: Rate limit exceeded (RATE_LIMIT)
}

// sendLogged answers chat.send, and logs that.
func sendLogged(logger *slog.Logger) core.Handler {
	return func(c *core.Context) (any, error) {
		var data struct{ Text string }
		if err := c.Bind(&data); err != nil {
			return nil, err
		}
		logger.Info("Chat message sent",
			"clientId", c.ClientID(), "userId", c.UserID(), "messageLength", len(data.Text))
		_, err := c.Broadcast(core.All(), "chat", "message", c.Data())
		return map[string]bool{"success": err == nil}, err
	}
}

// A handler logs what matters. The server itself logs nothing for each message.
func Example_bestPractices_logging() {
	server := newServer(core.Options{JWTSecret: secret})
	server.Handle("chat", "send", sendLogged(console()))
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{"sub": 123}))
	defer alice.Close()

	err := alice.Request(context.Background(), "chat", "send", map[string]string{"text": "Hello!"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// level=INFO msg="Chat message sent" clientId=… userId=123 messageLength=6
}
