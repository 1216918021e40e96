package guide

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func Example_subscriberMiddleware_usingBuiltInMiddleware() {
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channels: []string{"updates"},
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			text, _ := e.Value("text")
			_, err := server.Broadcast(core.All().Here(), "chat", "update", text)
			return nil, err
		},
		Middleware: []bus.Middleware{
			bus.LoggingMiddleware(stdout(), "updatesBroadcaster"),
			bus.TimingMiddleware(func(e *bus.Event, took time.Duration) {
				fmt.Println("timed:", e.Channel, took > 0)
			}),
			bus.RateLimitMiddleware(10, time.Minute),
		},
	})
	stop := serve(server)
	alice := newPerson(server, client.Options{})
	emit(server, "updates", object{"text": "Hello"})
	heard := alice.hears()
	alice.Close()
	stop()
	fmt.Println("alice:", heard)
	// Output:
	// timed: updates true
	// level=INFO msg="an event has been handled" subscriber=updatesBroadcaster channel=updates
	// alice: chat.update "Hello"
}

func Example_subscriberMiddleware_customMiddleware() {
	authentication := bus.Middleware{
		Name: "authentication",
		Before: func(_ context.Context, e *bus.Event) (proceed bool, err error) {
			if authenticated, _ := e.Value("authenticated"); authenticated != true {
				fmt.Println("Unauthenticated message on channel:", e.Channel)
				return false, nil // skip the handler
			}
			return true, nil
		},
	}
	metrics := bus.Middleware{
		Name: "metrics",
		After: func(_ context.Context, e *bus.Event, result any) error {
			fmt.Printf("Handled %s with %v\n", e.Channel, result)
			return nil
		},
		Error: func(_ context.Context, _ *bus.Event, err error) bus.Outcome {
			fmt.Println("Handler error:", err)
			return bus.Propagate
		},
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channels: []string{"secure-updates"},
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			text, ok := e.Value("text")
			if !ok {
				return nil, errors.New("there is no text")
			}
			return text, nil
		},
		Middleware: []bus.Middleware{authentication, metrics},
	})
	defer serve(server)()

	emit(server, "secure-updates", object{"text": "Hello"})
	emit(server, "secure-updates", object{"text": "Hello", "authenticated": true})
	emit(server, "secure-updates", object{"authenticated": true})
	// Output:
	// Unauthenticated message on channel: secure-updates
	// Handled secure-updates with Hello
	// Handler error: there is no text
}

// What may stand around a handler, in the order in which it runs.
func Example_subscriberMiddleware_middlewareExecutionFlow() {
	phases := bus.Middleware{
		Name: "phases",
		Before: func(context.Context, *bus.Event) (proceed bool, err error) {
			fmt.Println("before")
			return true, nil
		},
		After: func(context.Context, *bus.Event, any) error {
			fmt.Println("after")
			return nil
		},
		Error: func(context.Context, *bus.Event, error) bus.Outcome {
			fmt.Println("error")
			return bus.Suppress
		},
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channel: "orders",
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			id, ok := e.Value("id")
			if !ok {
				return nil, errors.New("an order has an id")
			}
			fmt.Println("handler of order", id)
			return nil, nil
		},
		Middleware: []bus.Middleware{phases},
	})
	defer serve(server)()

	emit(server, "orders", object{"id": 7})
	emit(server, "orders", object{})
	// Output:
	// before
	// handler of order 7
	// after
	// before
	// error
}
