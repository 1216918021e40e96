package guide

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// The server puts clients into rooms, and clients may join by themselves.
func Example_roomManagement_joiningRooms() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{"sub": "alice"}))
	defer alice.Close()
	bob := newPerson(server, client.Options{})
	defer bob.Close()
	ctx := context.Background()

	// Server-side: join a room
	for _, id := range server.UserClients("alice") {
		if err := server.JoinRoom(ctx, id, "general"); err != nil {
			log.Fatal(err)
		}
	}

	// The system controller: { type: "system", action: "joinRoom", data: { roomName: "general" } }
	if err := bob.Join(ctx, "general"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("members:", server.MemberCount("general"))
	// Output:
	// members: 2
}

// The server takes clients out of rooms, and clients may leave by themselves.
func Example_roomManagement_leavingRooms() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{"sub": "alice"}, "general"))
	defer alice.Close()
	bob := newPerson(server, inRooms("general"))
	defer bob.Close()
	ctx := context.Background()

	// Server-side: leave a room
	for _, id := range server.UserClients("alice") {
		if _, err := server.LeaveRoom(ctx, id, "general"); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("alice hears", alice.hears())

	// The system controller: { type: "system", action: "leaveRoom", data: { roomName: "general" } }
	if err := bob.Leave(ctx, "general"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("members:", server.MemberCount("general"))
	// Output:
	// alice hears user.leftRoom {"roomName":"general"}
	// members: 0
}

// A message for a room is encoded once, and reaches its members on all nodes.
func Example_roomManagement_broadcastingToRooms() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice := newPerson(server, inRooms("general"))
	defer alice.Close()

	// One line, where the guide has a loop over rooms.get("general")
	_, err := server.Broadcast(core.Room("general"), "chat", "message", map[string]string{"text": "Room-specific message"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.hears())

	// Using the service
	err = server.Service().SendToRooms([]string{"general", "announcements"}, bus.Envelope{
		Type:   "announcement",
		Action: "new",
		Data:   map[string]string{"text": "Important update!"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.hears())
	// Output:
	// chat.message {"text":"Room-specific message"}
	// announcement.new {"text":"Important update!"}
}

// The loop over the members of a room, for what is different for each.
func Example_roomManagement_members() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice := newPerson(server, inRooms("general"))
	defer alice.Close()

	members, err := server.Members(context.Background(), "general")
	if err != nil {
		log.Fatal(err)
	}
	for place, id := range members {
		_, err := server.Broadcast(core.Client(id), "queue", "place", place+1)
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(alice.hears())
	// Output:
	// queue.place 1
}

// Clients may be in many rooms; with SingleRoom, the guide's
// clientCanJoinMultipleRooms: false, a new room takes the place of the other.
func Example_roomManagement_roomConfiguration() {
	server := newServer(core.Options{SingleRoom: true})
	defer serve(server)()
	alice := newPerson(server, inRooms("general"))
	defer alice.Close()

	if err := alice.Join(context.Background(), "support"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("alice hears", alice.hears())
	if err := server.WriteRooms(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// alice hears user.leftRoom {"roomName":"general"}
	// ROOM     MEMBERS
	// support  1
}
