package guide

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// Whom a client is taken for.
func Example_troubleshooting_authenticationFailed() {
	server := newServer(core.Options{
		JWTSecret: secret,
		Hooks: core.Hooks{Connected: func(c *core.Context) {
			fmt.Println("Authenticated user:", c.UserID())
		}},
	})
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{"sub": 123}))
	defer alice.Close()
	// Output:
	// Authenticated user: 123
}

// Why a client is refused.
func Example_troubleshooting_authenticationFailed_reason() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()
	alice, err := client.New(client.Options{
		URL:         url(server) + "?token=" + sign(secret, jwt.MapClaims{"name": "alice"}),
		MaxAttempts: 1,
		Log:         quiet,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.Connect(context.Background()))
	// Output:
	// gave up connecting after 1 attempts: the server refused the connection with 401: Token has no subject (TOKEN_WITHOUT_SUBJECT)
}

// What a node hears from others.
func Example_troubleshooting_messagesNotReceivedAcrossWorkers() {
	hub := bus.NewHub()
	one, two := newServer(core.Options{Bus: hub.Join()}), newServer(core.Options{Bus: hub.Join()})
	two.Subscribe(bus.Subscriber{
		Channel: "*",
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			status, _ := e.Value("status")
			fmt.Println("event received:", e.Channel, status, "from one:", e.Sender == one.NodeID())
			return nil, nil
		},
	})
	defer serve(one)()
	defer serve(two)()

	emit(one, "custom", object{"status": "online"})
	// Output:
	// event received: custom online from one: true
}

// Which rooms a node has, and how many of its clients are in them.
func Example_troubleshooting_roomMessagesNotDelivered() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice := newPerson(server, inRooms("general", "support"))
	bob := newPerson(server, inRooms("general", "General"))
	defer alice.Close()
	defer bob.Close()

	if err := server.WriteRooms(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ROOM     MEMBERS
	// General  1
	// general  2
	// support  1
}

// What a program keeps for its clients goes when they do, so nothing has to be
// cleared from time to time.
func Example_troubleshooting_memoryLeaks() {
	var messageCounts sync.Map // by client
	forgotten := make(chan int64)
	server := newServer(core.Options{Hooks: core.Hooks{
		Message: func(c *core.Context) {
			count, _ := messageCounts.LoadOrStore(c.ClientID(), new(atomic.Int64))
			count.(*atomic.Int64).Add(1)
		},
		Disconnected: func(d core.Departure) {
			if count, known := messageCounts.LoadAndDelete(d.ClientID); known {
				forgotten <- count.(*atomic.Int64).Load()
			}
		},
	}})
	defer serve(server)()
	alice := newPerson(server, inRooms("general", "support")) // two messages
	if err := alice.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("forgotten: the count of", <-forgotten)
	// Output:
	// forgotten: the count of 2
}

// batch sends what comes through the channel together, every 100 ms and at the end.
func batch(server *core.Server, messages <-chan string) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	var queue []string
	for more := true; more; {
		var text string
		select {
		case text, more = <-messages:
			if more {
				queue = append(queue, text)
				continue
			}
		case <-ticker.C:
		}
		if len(queue) > 0 {
			if _, err := server.Broadcast(core.All(), "batch", "messages", queue); err != nil {
				log.Print(err)
			}
			queue = nil
		}
	}
}

// Messages that wait for a client share one write in any case. A batch saves
// their envelopes, too.
func Example_troubleshooting_highLatency() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice := newPerson(server, client.Options{})
	defer alice.Close()

	messages := make(chan string)
	defer close(messages)
	go batch(server, messages)
	for _, text := range []string{"one", "two", "three"} {
		messages <- text
	}
	for heard := 0; heard < 3; {
		batched := alice.next()
		var texts []string
		if err := batched.Bind(&texts); err != nil {
			log.Fatal(err)
		}
		for _, text := range texts {
			fmt.Println(batched.Type, text)
		}
		heard += len(texts)
	}
	// Output:
	// batch one
	// batch two
	// batch three
}

// The guide's heartbeat. Clients of package client answer it by themselves, as
// browsers answer the pings of the protocol, which are always on.
func Example_troubleshooting_connectionDrops() {
	server := newServer(core.Options{
		JSONPingInterval: 30 * time.Millisecond, // 30*time.Second, in earnest
	})
	defer serve(server)()
	alice := dial(url(server))
	defer alice.close()

	fmt.Println(alice.receive())
	alice.send(`{"type":"system","action":"pong"}`)
	fmt.Println(alice.receive())
	// Output:
	// {"type":"system","action":"ping"}
	// {"type":"system","action":"ping"}
}
