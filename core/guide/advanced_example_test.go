package guide

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func Example_advancedFeatures_inactiveClientManagement() {
	server := newServer(core.Options{
		InactiveTimeout: 50 * time.Millisecond, // 5*time.Minute, in earnest
		LogInactive:     true,
	})
	defer serve(server)()
	alice := newPerson(server, client.Options{
		// The client connects again, unless told that it should not.
		GiveUp: func(client.Closing) bool { return true },
		Events: client.Events{Disconnected: func(c client.Closing) { fmt.Println(c.Code, c.Reason) }},
	})
	<-alice.Done()
	// Output:
	// 1000 inactive
}

// Users keeps what users tell of themselves.
type Users struct{}

// UpdatePreferences keeps a client's preferences.
func (*Users) UpdatePreferences(c *core.Context) (any, error) {
	var preferences struct {
		Theme         string `json:"theme"`
		Notifications bool   `json:"notifications"`
	}
	if err := c.Bind(&preferences); err != nil {
		return nil, err
	}
	return object{"success": true}, c.SetMetadata("preferences", preferences)
}

func Example_advancedFeatures_clientMetadata() {
	server := newServer(core.Options{})
	server.Controller("user", &Users{})
	defer serve(server)()
	alice := newPerson(server, client.Options{})
	defer alice.Close()

	ctx := context.Background()
	err := alice.Request(ctx, "user", "updatePreferences", object{"theme": "dark", "notifications": true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	// From outside of a handler:
	clients, err := server.Clients(ctx, nil, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("preferences: %s\n", clients[0].Metadata["preferences"])
	server.Visit(clients[0].ID, func(c *core.Context) {
		if err := c.SetMetadata("plan", "premium"); err != nil {
			log.Print(err)
		}
	})
	// Broadcasts can ask for it:
	dark := core.All().Where("meta:preferences.theme == dark and meta:plan == premium")
	if _, err := server.Broadcast(dark, "theme", "night", nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println("alice:", alice.next().Action)
	// Output:
	// preferences: {"theme":"dark","notifications":true}
	// alice: night
}

func Example_advancedFeatures_performanceMonitoring() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice, bob := newPerson(server, inRooms("general")), newPerson(server, inRooms("general", "support"))
	defer alice.Close()
	defer bob.Close()

	health := server.Health()
	fmt.Println(health.Status)
	fmt.Println(health.ActiveConnections, "connections")
	fmt.Println(health.Rooms, "rooms")
	// Output:
	// healthy
	// 2 connections
	// 2 rooms
}

func Example_advancedFeatures_gracefulShutdown() {
	server := newServer(core.Options{})
	ctx, stop := context.WithCancel(context.Background()) // or signal.NotifyContext
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	server.WaitRunning(ctx)

	closed := make(chan client.Closing, 1)
	alice := newPerson(server, client.Options{
		Events: client.Events{Disconnected: func(c client.Closing) { closed <- c }},
	})
	defer alice.Close()

	stop()
	fmt.Println("Run returned", <-ended)
	fmt.Println("the server is", server.State())
	fmt.Println("alice was told", (<-closed).Reason)
	// Output:
	// Run returned <nil>
	// the server is stopped
	// alice was told draining
}
