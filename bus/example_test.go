package bus_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

func ExampleDispatcher() {
	dispatcher := bus.NewDispatcher(bus.DispatcherOptions{})
	err := dispatcher.Add(bus.Subscriber{
		Name:        "queueDashboard",
		Description: "Forwards queue updates to the live dashboard",
		Channels:    []string{bus.QueueJobCompleted, bus.QueueJobError},
		Priority:    20,
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			if failure, ok := e.Value("data.error"); ok {
				fmt.Println("failed:", failure)
				return nil, nil
			}
			fmt.Println("done:", e.Text())
			return nil, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := dispatcher.Start(); err != nil {
		fmt.Println(err)
		return
	}
	dispatcher.Dispatch(&bus.Event{Channel: bus.QueueJobCompleted, Payload: []byte(`{"action":"resize"}`)})
	dispatcher.Dispatch(&bus.Event{Channel: bus.QueueJobError, Payload: []byte(`{"action":"resize","error":"disk full"}`)})

	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	fmt.Println(dispatcher.Drain(ctx), dispatcher.Stop(ctx))
	// Output:
	// done: {"action":"resize"}
	// failed: disk full
	// <nil> <nil>
}

func ExampleMiddleware() {
	authentication := bus.Middleware{
		Name: "authentication",
		Before: func(_ context.Context, e *bus.Event) (bool, error) {
			authenticated, _ := e.Value("authenticated")
			return authenticated == true, nil
		},
	}
	dispatcher := bus.NewDispatcher(bus.DispatcherOptions{})
	err := dispatcher.Add(bus.Subscriber{
		Name:       "secureUpdates",
		Channel:    "secure-updates",
		Middleware: []bus.Middleware{authentication, bus.RecoveryMiddleware(3, time.Millisecond)},
		Handle: func(ctx context.Context, e *bus.Event) (any, error) {
			if bus.Attempt(ctx) < 3 {
				return nil, errors.New("the database is away")
			}
			fmt.Println("attempt", bus.Attempt(ctx), e.Text())
			return nil, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := dispatcher.Start(); err != nil {
		fmt.Println(err)
		return
	}
	dispatcher.Dispatch(&bus.Event{Channel: "secure-updates", Payload: []byte(`{"authenticated":false}`)})
	dispatcher.Dispatch(&bus.Event{Channel: "secure-updates", Payload: []byte(`{"authenticated":true}`)})

	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	fmt.Println(dispatcher.Drain(ctx), dispatcher.Stop(ctx))
	stats := dispatcher.Stats()[0]
	fmt.Println(stats.Handled, "handled,", stats.Skipped, "skipped")
	// Output:
	// attempt 3 {"authenticated":true}
	// <nil> <nil>
	// 1 handled, 1 skipped
}
