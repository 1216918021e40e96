package guide

import (
	"context"
	"fmt"
	"log"
	"regexp"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// statusUpdates tells the clients of a node when the status of a user changes.
func statusUpdates(server *core.Server) bus.Subscriber {
	type status struct {
		UserID int    `json:"userId"`
		Status string `json:"status"`
	}
	return bus.Subscriber{
		Name:  "statusUpdates",
		Match: []bus.Matcher{bus.AllOf(bus.MatchString(bus.Custom), bus.MatchProperty("action", "userStatusChanged"))},
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			var changed status
			if err := e.Bind(&changed); err != nil {
				return nil, err
			}
			// Every node has this subscriber: each tells its own clients.
			_, err := server.Broadcast(core.All().Here(), "status", "update", changed)
			return nil, err
		},
	}
}

// An event goes to the subscribers of all nodes.
func Example_multiWorkerCoordination_customCrossWorkerMessages() {
	hub := bus.NewHub()
	one, two := newServer(core.Options{Bus: hub.Join()}), newServer(core.Options{Bus: hub.Join()})
	one.Subscribe(statusUpdates(one))
	two.Subscribe(statusUpdates(two))
	defer serve(one)()
	defer serve(two)()
	alice, bob := newPerson(one, client.Options{}), newPerson(two, client.Options{})
	defer alice.Close()
	defer bob.Close()

	err := one.SendCustomMessage(object{"action": "userStatusChanged", "userId": 123, "status": "online"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("alice:", alice.hears())
	fmt.Println("bob:", bob.hears())
	// Output:
	// alice: status.update {"userId":123,"status":"online"}
	// bob: status.update {"userId":123,"status":"online"}
}

// A subscriber of two channels, with a name for logs and figures and a priority
// over others of the same event.
func Example_multiWorkerCoordination_subscriberMatchingAndOrdering() {
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Name:        "queueDashboard",
		Description: "Forward queue updates to the live dashboard",
		Channels:    []string{bus.QueueJobCompleted, bus.QueueJobError},
		Priority:    20,
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			action := "done"
			if e.Channel == bus.QueueJobError {
				action = "errored"
			}
			var job struct{ Name string }
			if err := e.Bind(&job); err != nil {
				return nil, err
			}
			_, err := server.Broadcast(core.Room("dashboard").Here(), "queue", action, job.Name)
			return nil, err
		},
	})
	defer serve(server)()
	dashboard := newPerson(server, inRooms("dashboard"))
	defer dashboard.Close()

	for _, channel := range []string{bus.QueueJobCompleted, bus.QueueJobError} {
		if err := server.Emit(channel, object{"name": "resize"}); err != nil {
			log.Fatal(err)
		}
		fmt.Println(dashboard.hears())
	}
	// Output:
	// queue.done "resize"
	// queue.errored "resize"
}

// A subscriber of the events that a pattern or a property picks, on whatever
// channel.
func Example_multiWorkerCoordination_subscriberMatchingAndOrdering_segmentTargeting() {
	analytics := make(chan string) // a queue of jobs
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Name:  "segmentTargeting",
		Match: []bus.Matcher{bus.MatchRegexp(regexp.MustCompile(`^analytics:`)), bus.MatchProperty("segment", "vip")},
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			analytics <- e.Channel
			return nil, nil
		},
	})
	defer serve(server)()

	events := []struct{ channel, segment string }{
		{"analytics:clicks", "all"},
		{"orders", "all"},
		{"returns", "vip"},
	}
	for _, e := range events {
		if err := server.Emit(e.channel, object{"segment": e.segment}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(<-analytics)
	fmt.Println(<-analytics)
	// Output:
	// analytics:clicks
	// returns
}
