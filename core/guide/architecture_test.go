package guide

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Chapter "Architecture".

// A test for each line of the picture.
func TestGuide_Architecture_Components(t *testing.T) {
	t.Run("ClientManager", clientManager)
	t.Run("RoomManager", roomManager)
	t.Run("ControllerBasedRouting", routesToMethods)
	t.Run("PubSub", coordinatesWorkers)
}

// Track connected clients, manage client metadata, handle authentication.
func clientManager(t *testing.T) {
	server := start(t, core.Options{JWTSecret: secret})
	alice := visit(t, server, as(jwt.MapClaims{"sub": 123, "email": "alice@example.com"}))
	id, ok := shard.ParseID(alice.ID())
	require.True(t, ok)

	require.True(t, server.Alive(id))
	require.Equal(t, []shard.ID{id}, server.UserClients("123"))
	server.Visit(id, func(c *core.Context) { _ = c.SetMetadata("theme", "dark") })
	info, err := server.Client(patient(t), id)
	require.NoError(t, err)
	require.Equal(t, "123", info.User.ID)
	require.JSONEq(t, `{"sub":123,"email":"alice@example.com"}`, string(info.User.Payload))
	require.Equal(t, map[string]json.RawMessage{"theme": json.RawMessage(`"dark"`)}, info.Metadata)

	require.NoError(t, alice.Close())
	eventually(t, func() bool { return !server.Alive(id) && len(server.UserClients("123")) == 0 }, "she has gone")
}

// Create and delete rooms, add and remove clients, broadcast to members.
func roomManager(t *testing.T) {
	server := start(t, core.Options{})
	require.Empty(t, server.Rooms())
	alice, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("general"))
	require.Equal(t, []core.RoomInfo{{Name: "general", Members: 2}}, server.Rooms(), "the first who joins creates a room")

	n, err := server.Broadcast(core.Room("general"), "chat", "message", "Hello!")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	alice.hear(t, `chat.message "Hello!"`)
	bob.hear(t, `chat.message "Hello!"`)

	require.NoError(t, alice.Leave(patient(t), "general"))
	require.Equal(t, 1, server.MemberCount("general"))
	require.NoError(t, bob.Leave(patient(t), "general"))
	require.Empty(t, server.Rooms(), "the last who leaves deletes it")
}

// Route messages to controllers: type and action make the method.
func routesToMethods(t *testing.T) {
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Controller("lobby", lobby{})
		s.Handle("kitchen", "enter", func(*core.Context) (any, error) { return "smells good", nil })
	})
	alice := visit(t, server, client.Options{})
	for route, want := range map[[2]string]string{
		{"lobby", "enter"}: "entered", {"lobby", "leave"}: "left", {"kitchen", "enter"}: "smells good",
	} {
		var response string
		require.NoError(t, alice.Request(patient(t), route[0], route[1], nil, &response))
		require.Equal(t, want, response)
	}
	err := alice.Request(patient(t), "kitchen", "leave", nil, nil)
	require.EqualError(t, err, "Unknown route (UNKNOWN_ROUTE)")
}

// Multi-worker coordination.
func coordinatesWorkers(t *testing.T) {
	joined := make(chan string, 2)
	_, workers := nodes(t, 2, core.Options{}, func(s *core.Server) {
		s.Subscribe(bus.Subscriber{Channel: bus.ClientJoinedRoom, Handle: func(_ context.Context, e *bus.Event) (any, error) {
			room, _ := e.Value("roomName")
			joined <- room.(string)
			return nil, nil
		}})
	})
	visit(t, workers[0], inRooms("general"))
	require.Equal(t, []string{"general", "general"}, []string{get(t, joined), get(t, joined)}, "both workers know")
}

// A test for each step.
func TestGuide_Architecture_MessageFlow(t *testing.T) {
	ids := make(chan shard.ID, 3)
	_, workers := nodes(t, 2, core.Options{Hooks: core.Hooks{
		Connected: func(c *core.Context) { ids <- c.ClientID() },
	}}, func(s *core.Server) {
		s.Handle("chat", "send", func(c *core.Context) (any, error) {
			_, err := c.Broadcast(core.All().Except(c.ClientID()), "chat", "message", c.Data())
			return object{"success": true}, err
		})
	})
	alice, bob := visit(t, workers[0], inRooms("general")), visit(t, workers[0], inRooms("general"))
	carol := visit(t, workers[1], client.Options{})

	// Client connects: the server assigns a client id.
	id := get(t, ids)
	require.Equal(t, alice.ID(), id.String())
	require.Regexp(t, `^[0-9a-f]{32}$`, alice.ID())
	require.NotEqual(t, alice.ID(), bob.ID())

	// Client sends a message: the controller of its type and action returns a
	// response, and broadcasts to other clients.
	var response object
	require.NoError(t, alice.Request(patient(t), "chat", "send", "Hello!", &response))
	require.Equal(t, object{"success": true}, response)
	bob.hear(t, `chat.message "Hello!"`)

	// Cross-worker messages are received by all workers.
	carol.hear(t, `chat.message "Hello!"`)
	nothingElseAnywhere(t, workers[0], alice, bob, carol)
}
