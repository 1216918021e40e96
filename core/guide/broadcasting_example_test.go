package guide

import (
	"context"
	"fmt"
	"log"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

func Example_broadcastingUtilities_broadcastToAllClients() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{"sub": 1, "subscription": "premium"}))
	bob := newPerson(server, as(jwt.MapClaims{"sub": 2, "subscription": "free"}))
	defer alice.Close()
	defer bob.Close()

	announce := func(to core.Target, message string) {
		if _, err := server.Broadcast(to, "notification", "update", object{"message": message}); err != nil {
			log.Fatal(err)
		}
	}
	// To all connected clients.
	announce(core.All(), "Server maintenance in 5 minutes")
	// To all but the sender: a handler has the id as c.ClientID().
	sendingClientID := server.UserClients("2")[0]
	announce(core.All().Except(sendingClientID), "Bob is typing")
	// To those only for whom a condition holds, here to premium users.
	announce(core.All().Where("claim:subscription == premium"), "Thank you")
	announce(core.All(), "Here we go")

	for range 4 {
		fmt.Println("alice:", alice.hears())
	}
	for range 2 {
		fmt.Println("bob:", bob.hears())
	}
	// Output:
	// alice: notification.update {"message":"Server maintenance in 5 minutes"}
	// alice: notification.update {"message":"Bob is typing"}
	// alice: notification.update {"message":"Thank you"}
	// alice: notification.update {"message":"Here we go"}
	// bob: notification.update {"message":"Server maintenance in 5 minutes"}
	// bob: notification.update {"message":"Here we go"}
}

func Example_broadcastingUtilities_broadcastToRoom() {
	server := newServer(core.Options{})
	server.Handle("chat", "send", func(c *core.Context) (any, error) {
		_, err := c.Broadcast(core.Room("general").Except(c.ClientID()), "chat", "message", object{"text": "Hello"})
		return object{"success": true}, err
	})
	defer serve(server)()
	alice, bob := newPerson(server, inRooms("general")), newPerson(server, inRooms("general"))
	defer alice.Close()
	defer bob.Close()

	// To all clients in a room.
	_, err := server.Broadcast(core.Room("general"), "chat", "message", object{"text": "Welcome to general chat!"})
	if err != nil {
		log.Fatal(err)
	}
	// To all but the sender, who gets the reply.
	if err := alice.Send(context.Background(), "chat", "send", nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println("alice:", alice.hears())
	fmt.Println("alice:", alice.hears())
	fmt.Println("bob:", bob.hears())
	fmt.Println("bob:", bob.hears())
	// Output:
	// alice: chat.message {"text":"Welcome to general chat!"}
	// alice: chat.send {"success":true}
	// bob: chat.message {"text":"Welcome to general chat!"}
	// bob: chat.message {"text":"Hello"}
}

func Example_broadcastingUtilities_broadcastToSpecificUsers() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()
	phone := newPerson(server, as(jwt.MapClaims{"sub": 123}))
	laptop := newPerson(server, as(jwt.MapClaims{"sub": 123}))
	defer phone.Close()
	defer laptop.Close()

	users := core.Users("123", "456", "789")
	_, err := server.Broadcast(users, "notification", "personalAlert", object{"message": "This is for you!"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("phone:", phone.hears())
	fmt.Println("laptop:", laptop.hears())
	// Output:
	// phone: notification.personalAlert {"message":"This is for you!"}
	// laptop: notification.personalAlert {"message":"This is for you!"}
}

func Example_broadcastingUtilities_broadcastToSingleClient() {
	connected := make(chan shard.ID, 1)
	server := newServer(core.Options{Hooks: core.Hooks{
		Connected: func(c *core.Context) { connected <- c.ClientID() },
	}})
	defer serve(server)()
	alice := newPerson(server, client.Options{})
	defer alice.Close()

	_, err := server.Broadcast(core.Client(<-connected), "private", "message", object{"text": "Private message"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.hears())
	// Output:
	// private.message {"text":"Private message"}
}
