package guide

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Chapter "Server-Side Implementation". Its controller, ChatController, is among
// the examples.

// chat starts a server with the guide's controller.
func chat(t *testing.T) *core.Server {
	t.Helper()
	return start(t, core.Options{}, func(s *core.Server) { s.Controller("chat", &ChatController{}) })
}

func TestGuide_ServerSideImplementation_CreatingAWebSocketController(t *testing.T) {
	server := chat(t)
	alice, bob := visit(t, server, client.Options{}), visit(t, server, client.Options{})

	// chat.send is broadcast to all clients, and acknowledged to the sender.
	for sent, want := range map[*object]ChatMessage{
		{"username": "alice", "text": "Hello!"}: {Username: "alice", Message: "Hello!"},
		{"username": ""}:                        {Username: "Anonymous"},
	} {
		var reply Sent
		require.NoError(t, alice.Request(patient(t), "chat", "send", sent, &reply))
		require.True(t, reply.Success)
		require.WithinDuration(t, time.Now(), time.UnixMilli(reply.MessageID), time.Minute)
		for _, p := range []*person{alice, bob} {
			var message ChatMessage
			e := p.next()
			require.Equal(t, "chat.message", e.Type+"."+e.Action)
			require.NoError(t, e.Bind(&message))
			require.WithinDuration(t, time.Now(), message.Timestamp, time.Minute)
			message.Timestamp = time.Time{}
			require.Equal(t, want, message)
		}
	}

	// chat.typing is not sent back to the sender.
	var reply object
	require.NoError(t, alice.Request(patient(t), "chat", "typing", object{"username": "alice"}, &reply))
	require.Equal(t, object{"success": true}, reply)
	bob.hear(t, `chat.userTyping {"username":"alice"}`)
	nothingElse(t, server, alice, bob)
}

// greeter can be no controller: a method has another form than a handler.
type greeter struct{}

func (greeter) Greet(*core.Context) (any, error) { return "Hello!", nil }
func (greeter) Wave()                            {}

// Routes are given one by one, or as all methods of a controller. A mistake in
// them is an error before anybody is served.
func TestGuide_ServerSideImplementation_RegisteringRoutes(t *testing.T) {
	controller := &ChatController{}
	oneByOne, all := newServer(core.Options{}), newServer(core.Options{})
	oneByOne.Handle("chat", "send", controller.Send)
	oneByOne.Handle("chat", "typing", controller.Typing)
	all.Controller("chat", controller)
	require.Subset(t, all.Routes(), []string{"chat.send", "chat.typing"})
	require.Equal(t, all.Routes(), oneByOne.Routes())

	for want, register := range map[string]func(*core.Server){
		"route chat.send is taken": func(s *core.Server) {
			s.Handle("chat", "send", controller.Send)
			s.Controller("chat", controller)
		},
		"route chat.send has no handler":                    func(s *core.Server) { s.Handle("chat", "send", nil) },
		"route \"chat\".\"\" needs a type and an action":    func(s *core.Server) { s.Handle("chat", "", controller.Send) },
		"controller greeter: method Wave is func()":         func(s *core.Server) { s.Controller("greeter", greeter{}) },
		"guide.ChatController has no exported methods; doe": func(s *core.Server) { s.Controller("chat", ChatController{}) },
	} {
		server := newServer(core.Options{})
		register(server)
		require.ErrorContains(t, server.Run(patient(t)), want)
	}
}

func TestGuide_ServerSideImplementation_SendingMessages(t *testing.T) {
	server := start(t, core.Options{})
	alice, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("general"))
	id, ok := shard.ParseID(alice.ID())
	require.True(t, ok)

	// Broadcast to all clients.
	n, err := server.Broadcast(core.All(), "notification", "alert", object{"message": "Server maintenance in 5 minutes"})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	alice.hear(t, `notification.alert {"message":"Server maintenance in 5 minutes"}`)
	bob.hear(t, `notification.alert {"message":"Server maintenance in 5 minutes"}`)

	// Send to a specific client.
	info, err := server.Client(patient(t), id)
	require.NoError(t, err)
	n, err = server.Broadcast(core.Client(info.ID), "private", "message", object{"text": "Hello!"})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	alice.hear(t, `private.message {"text":"Hello!"}`)
	nothingElse(t, server, alice, bob)

	// To one that is not there nothing is sent.
	require.NoError(t, alice.Close())
	eventually(t, func() bool { return !server.Alive(id) }, "she has gone")
	_, err = server.Client(patient(t), id)
	require.ErrorIs(t, err, core.ErrGone)
	n, err = server.Broadcast(core.Client(id), "private", "message", object{"text": "Hello!"})
	require.NoError(t, err)
	require.Zero(t, n)
}

// The service reaches the same clients from the server, and from a process that
// has no clients but a bus.
func TestGuide_ServerSideImplementation_UsingWebSocketService(t *testing.T) {
	hub, workers := nodes(t, 2, core.Options{})
	everybody := []*person{
		visit(t, workers[0], inRooms("room1")),
		visit(t, workers[1], inRooms("room2", "room1")),
		visit(t, workers[1], inRooms("elsewhere")),
	}
	members := everybody[:2]
	for name, service := range map[string]*bus.Service{
		"server": workers[0].Service(), "bus": bus.NewService(hub.Join()),
	} {
		for _, tt := range []struct {
			send func() error
			to   []*person
			want string
		}{
			{
				func() error {
					return service.Broadcast(bus.Envelope{
						Type: "notification", Action: "update", Data: object{"message": "New features available!"},
					})
				},
				everybody, `notification.update {"message":"New features available!"}`,
			},
			{
				func() error {
					return service.SendToRooms([]string{"room1", "room2"}, bus.Envelope{
						Type: "chat", Action: "message", Data: object{"text": "Hello room members!"},
					})
				},
				members, `chat.message {"text":"Hello room members!"}`,
			},
			{
				func() error { return service.SendUserMessage("profileUpdated", object{"userId": 123}) },
				everybody, `user.profileUpdated {"userId":123}`,
			},
			{
				func() error { return service.SendSystemMessage("maintenance", object{"minutes": 5}) },
				everybody, `system.maintenance {"minutes":5}`,
			},
			{
				func() error { return service.SendErrorMessage("authFailed", errors.New("Invalid token")) },
				everybody, `error.authFailed {"error":"Invalid token"}`,
			},
		} {
			require.NoError(t, tt.send(), name)
			for _, p := range tt.to {
				p.hear(t, tt.want)
			}
		}
		nothingElseAnywhere(t, workers[0], everybody...)
	}
}
