package guide

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// ChatController has a method for each action of the type chat.
type ChatController struct{}

// Send answers chat.send: everybody reads the message.
func (*ChatController) Send(c *core.Context) (any, error) {
	var data struct{ Username, Text string }
	if err := c.Bind(&data); err != nil {
		return nil, err
	}
	_, err := c.Broadcast(core.All(), "chat", "message", ChatMessage{
		Username:  cmp.Or(data.Username, "Anonymous"),
		Message:   data.Text,
		Timestamp: time.Now().UTC(),
	})
	return Sent{Success: err == nil, MessageID: time.Now().UnixMilli()}, err
}

// ChatMessage is what everybody reads.
type ChatMessage struct {
	Username  string    `json:"username"`
	Message   string    `json:"message"`
	Timestamp time.Time `json:"timestamp"`
}

// Sent is what the sender is answered.
type Sent struct {
	Success   bool  `json:"success"`
	MessageID int64 `json:"messageId"`
}

// Typing answers chat.typing: everybody but the sender is told.
func (*ChatController) Typing(c *core.Context) (any, error) {
	var data struct{ Username string }
	if err := c.Bind(&data); err != nil {
		return nil, err
	}
	_, err := c.Broadcast(core.All().Except(c.ClientID()), "chat", "userTyping", map[string]string{
		"username": cmp.Or(data.Username, "Anonymous"),
	})
	return map[string]bool{"success": err == nil}, err
}

// A controller organizes the handlers of a type: each method is an action.
func Example_serverSideImplementation_creatingAController() {
	server := newServer(core.Options{})
	server.Controller("chat", &ChatController{})
	defer serve(server)()

	alice, bob := newPerson(server, client.Options{}), newPerson(server, client.Options{})
	defer alice.Close()
	defer bob.Close()
	ctx := context.Background()

	if err := alice.Request(ctx, "chat", "typing", map[string]string{"username": "alice"}, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println("bob:", bob.hears())

	var reply Sent
	err := alice.Request(ctx, "chat", "send", map[string]string{"username": "alice", "text": "Hello!"}, &reply)
	if err != nil {
		log.Fatal(err)
	}
	var message ChatMessage
	if err := bob.next().Bind(&message); err != nil {
		log.Fatal(err)
	}
	fmt.Println("bob:", message.Username, "says", message.Message)
	fmt.Println("alice:", "sent =", reply.Success)
	// Output:
	// bob: chat.userTyping {"username":"alice"}
	// bob: alice says Hello!
	// alice: sent = true
}

// Routes can be given one by one, each with the method that answers it.
func Example_serverSideImplementation_registeringRoutes() {
	chat := &ChatController{}
	server := newServer(core.Options{})
	server.Handle("chat", "send", chat.Send)
	server.Handle("chat", "typing", chat.Typing)

	for _, route := range server.Routes() {
		fmt.Println(route)
	}
	// Output:
	// chat.send
	// chat.typing
	// system.joinRoom
	// system.leaveRoom
	// system.ping
	// system.pong
}

// Messages go to all clients, or to one by its id.
func Example_serverSideImplementation_sendingMessages() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice := newPerson(server, inRooms("general"))
	defer alice.Close()

	_, err := server.Broadcast(core.All(), "notification", "alert", map[string]string{
		"message": "Server maintenance in 5 minutes",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.hears())

	if id, ok := shard.ParseID(alice.ID()); ok && server.Alive(id) {
		_, err := server.Broadcast(core.Client(id), "private", "message", map[string]string{"text": "Hello!"})
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(alice.hears())
	// Output:
	// notification.alert {"message":"Server maintenance in 5 minutes"}
	// private.message {"text":"Hello!"}
}

// A service sends without holding a server: where there is only a bus, it is made
// of that, by bus.NewService.
func Example_serverSideImplementation_webSocketService() {
	server := newServer(core.Options{})
	defer serve(server)()
	alice := newPerson(server, inRooms("room1"))
	defer alice.Close()

	service := server.Service()
	err := errors.Join(
		service.Broadcast(bus.Envelope{
			Type: "notification", Action: "update", Data: map[string]string{"message": "New features available!"},
		}),
		service.SendToRooms([]string{"room1", "room2"}, bus.Envelope{
			Type: "chat", Action: "message", Data: map[string]string{"text": "Hello room members!"},
		}),
		service.SendUserMessage("profileUpdated", map[string]int{"userId": 123}),
		service.SendSystemMessage("maintenance", map[string]int{"minutes": 5}),
		service.SendErrorMessage("authFailed", errors.New("Invalid token")),
	)
	if err != nil {
		log.Fatal(err)
	}
	for range 5 {
		fmt.Println(alice.hears())
	}
	// Output:
	// notification.update {"message":"New features available!"}
	// chat.message {"text":"Hello room members!"}
	// user.profileUpdated {"userId":123}
	// system.maintenance {"minutes":5}
	// error.authFailed {"error":"Invalid token"}
}
