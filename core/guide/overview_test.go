package guide

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// Chapter "Overview": a test for each thing that the module provides.

func TestGuide_Overview(t *testing.T) {
	t.Run("BidirectionalCommunication", bidirectionalCommunication)
	t.Run("RoomBasedMessaging", roomBasedMessaging)
	t.Run("ControllerBasedRouting", controllerBasedRouting)
	t.Run("Authentication", authentication)
	t.Run("MultiWorkerSupport", multiWorkerSupport)
	t.Run("ClientManagement", clientManagement)
	t.Run("AutomaticCleanup", automaticCleanup)
}

// Real-time messaging between server and clients.
func bidirectionalCommunication(t *testing.T) {
	got := make(chan string, 1)
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("chat", "send", func(c *core.Context) (any, error) {
			got <- string(c.Data())
			return nil, nil
		})
	})
	alice := visit(t, server, client.Options{})

	require.NoError(t, alice.Send(patient(t), "chat", "send", object{"text": "Hello!"}))
	require.Equal(t, `{"text":"Hello!"}`, get(t, got))
	alice.hear(t, "chat.send ") // the answer

	_, err := server.Broadcast(core.All(), "chat", "message", object{"text": "Welcome!"})
	require.NoError(t, err)
	alice.hear(t, `chat.message {"text":"Welcome!"}`) // what nobody has asked for
}

// Group clients into rooms for targeted broadcasts.
func roomBasedMessaging(t *testing.T) {
	server := start(t, core.Options{})
	alice := visit(t, server, inRooms("general"))
	bob := visit(t, server, inRooms("general", "support"))
	carol := visit(t, server, client.Options{})

	for room, members := range map[string]int{"general": 2, "support": 1, "empty": 0} {
		n, err := server.Broadcast(core.Room(room), "chat", "message", room)
		require.NoError(t, err)
		require.Equal(t, members, n, room)
	}
	alice.hear(t, `chat.message "general"`)
	require.ElementsMatch(t, []string{`chat.message "general"`, `chat.message "support"`}, []string{bob.hears(), bob.hears()})
	nothingElse(t, server, alice, bob, carol)
}

// lobby is a controller with two routes.
type lobby struct{}

func (lobby) Enter(*core.Context) (any, error) { return "entered", nil }
func (lobby) Leave(*core.Context) (any, error) { return "left", nil }

// Organize WebSocket handlers using controllers.
func controllerBasedRouting(t *testing.T) {
	server := start(t, core.Options{}, func(s *core.Server) { s.Controller("lobby", lobby{}) })
	alice := visit(t, server, client.Options{})
	for action, want := range map[string]string{"enter": "entered", "leave": "left"} {
		var response string
		require.NoError(t, alice.Request(patient(t), "lobby", action, nil, &response))
		require.Equal(t, want, response)
	}
}

// JWT-based WebSocket authentication.
func authentication(t *testing.T) {
	users := make(chan string, 1)
	server := start(t, core.Options{JWTSecret: secret, RequireAuth: true, Hooks: core.Hooks{
		Connected: func(c *core.Context) { users <- c.UserID() },
	}})
	visit(t, server, as(jwt.MapClaims{"sub": "alice"}))
	require.Equal(t, "alice", get(t, users))
	status, body := upgrade(t, url(server))
	require.Equal(t, 401, status)
	require.JSONEq(t, `{"error":"Token required","code":"TOKEN_REQUIRED"}`, body)
}

// Pub/sub for scaling across workers.
func multiWorkerSupport(t *testing.T) {
	_, workers := nodes(t, 2, core.Options{})
	first, second := workers[0], workers[1]
	alice := visit(t, first, inRooms("general"))
	bob := visit(t, second, inRooms("general"))

	for _, to := range []core.Target{core.All(), core.Room("general")} {
		_, err := first.Broadcast(to, "chat", "message", "from the first")
		require.NoError(t, err)
		alice.hear(t, `chat.message "from the first"`)
		bob.hear(t, `chat.message "from the first"`)
	}
}

// Track connected clients with metadata.
func clientManagement(t *testing.T) {
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("user", "updatePreferences", func(c *core.Context) (any, error) {
			return nil, c.SetMetadata("preferences", c.Data())
		})
	})
	connected := func() []core.ClientInfo {
		clients, err := server.Clients(patient(t), nil, 0)
		require.NoError(t, err)
		return clients
	}
	require.Empty(t, connected())
	alice := visit(t, server, inRooms("general"))
	require.NoError(t, alice.Request(patient(t), "user", "updatePreferences", object{"theme": "dark"}, nil))

	clients := connected()
	require.Len(t, clients, 1)
	require.Equal(t, alice.ID(), clients[0].ID.String())
	require.Equal(t, []string{"general"}, clients[0].Rooms)
	require.JSONEq(t, `{"theme":"dark"}`, string(clients[0].Metadata["preferences"]))

	require.NoError(t, alice.Close())
	eventually(t, func() bool { return len(connected()) == 0 }, "it is forgotten")
}

// Graceful shutdown and inactive client management.
func automaticCleanup(t *testing.T) {
	server := newServer(core.Options{InactiveTimeout: time.Second})
	stop := serve(server)
	forgotten := open(t, url(server))
	require.Equal(t, "1000 inactive", forgotten.ended())

	connected := open(t, url(server))
	stop()
	require.Equal(t, "1012 draining", connected.ended())
	_, err := server.Client(patient(t), core.ClientInfo{}.ID)
	require.ErrorIs(t, err, core.ErrGone, "nobody is left")
}
