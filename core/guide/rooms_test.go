package guide

import (
	"encoding/json"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Chapter "Room Management".

// idOf is the id of a client, as the server has it.
func idOf(t *testing.T, p *person) shard.ID {
	t.Helper()
	id, ok := shard.ParseID(p.ID())
	require.True(t, ok, "the client knows its id: %q", p.ID())
	return id
}

// inRoom reports who of the people hear what is said in a room.
func inRoom(t *testing.T, server *core.Server, room string, people ...*person) (hear []bool) {
	t.Helper()
	_, err := server.Broadcast(core.Room(room), "chat", "message", object{"text": "Hello!"})
	require.NoError(t, err)
	_, err = server.Broadcast(core.All(), "test", "over", nil)
	require.NoError(t, err)
	for _, p := range people {
		heard := p.hears()
		hear = append(hear, heard == `chat.message {"text":"Hello!"}`)
		if heard != "test.over " {
			p.hear(t, "test.over ")
		}
	}
	return hear
}

func TestGuide_RoomManagement_JoiningRooms(t *testing.T) {
	t.Run("ServerSide", func(t *testing.T) {
		server := start(t, core.Options{JWTSecret: secret})
		alice, bob := visit(t, server, as(jwt.MapClaims{"sub": 123})), visit(t, server, client.Options{})
		require.Equal(t, []bool{false, false}, inRoom(t, server, "general", alice, bob))

		require.NoError(t, server.JoinRoom(patient(t), idOf(t, alice), "general"))
		require.Equal(t, []bool{true, false}, inRoom(t, server, "general", alice, bob))
		info, err := server.Client(patient(t), idOf(t, alice))
		require.NoError(t, err)
		require.Equal(t, []string{"general"}, info.Rooms)
		require.Equal(t, "123", info.User.ID, "who she is says her token")

		require.NoError(t, server.JoinRoom(patient(t), idOf(t, alice), "general"), "once more")
		require.Equal(t, 1, server.MemberCount("general"))
		require.EqualError(t, server.JoinRoom(patient(t), idOf(t, alice), ""), "Room name is not allowed")
		require.ErrorIs(t, server.JoinRoom(patient(t), shard.ID{}, "general"), core.ErrGone)
	})
	t.Run("SystemController", func(t *testing.T) {
		server := start(t, core.Options{})
		alice, bob := visit(t, server, client.Options{}), visit(t, server, client.Options{})
		var reply struct {
			Success bool
			Message string
			Data    map[string]string
		}
		err := alice.Request(patient(t), "system", "joinRoom", object{"roomName": "general", "username": "alice"}, &reply)
		require.NoError(t, err)
		require.True(t, reply.Success)
		require.Equal(t, "Successfully joined room: general", reply.Message)
		require.Equal(t, "general", reply.Data["roomName"])
		require.Equal(t, "alice", reply.Data["username"])
		require.Equal(t, "user", reply.Data["userType"], "unless it says otherwise")
		require.Regexp(t, `^[0-9a-f]{32}$`, reply.Data["clientId"])
		require.Equal(t, []bool{true, false}, inRoom(t, server, "general", alice, bob))

		err = alice.Request(patient(t), "system", "joinRoom", nil, nil)
		require.EqualError(t, err, "Room name is required")
	})
	t.Run("Client", func(t *testing.T) {
		server := start(t, core.Options{})
		alice := visit(t, server, inRooms("general"))
		require.NoError(t, alice.Join(patient(t), "support"))
		require.Equal(t, []string{"general", "support"}, alice.Rooms())
		require.Equal(t, []bool{true}, inRoom(t, server, "general", alice))
		require.Equal(t, []bool{true}, inRoom(t, server, "support", alice))
	})
	// The label of a client is its own; who it is says its token.
	t.Run("Labels", func(t *testing.T) {
		server := start(t, core.Options{})
		alice := open(t, url(server))
		alice.send(`{"type":"system","action":"joinRoom","data":{"roomName":"general","userId":123,"username":"alice","userType":"member"}}`)
		var reply struct{ Response struct{ Data object } }
		require.NoError(t, json.Unmarshal([]byte(alice.receive()), &reply))
		require.Equal(t, "general", reply.Response.Data["roomName"])
		require.Equal(t, float64(123), reply.Response.Data["userId"])
		require.Equal(t, "alice", reply.Response.Data["username"])
		require.Equal(t, "member", reply.Response.Data["userType"])
		require.Empty(t, server.UserClients("123"), "a label makes nobody the user 123")
	})
}

func TestGuide_RoomManagement_LeavingRooms(t *testing.T) {
	t.Run("ServerSide", func(t *testing.T) {
		server := start(t, core.Options{})
		alice, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("general"))
		left, err := server.LeaveRoom(patient(t), idOf(t, alice), "general")
		require.NoError(t, err)
		require.True(t, left)
		alice.hear(t, `user.leftRoom {"roomName":"general"}`)
		require.Equal(t, []bool{false, true}, inRoom(t, server, "general", alice, bob))

		left, err = server.LeaveRoom(patient(t), idOf(t, alice), "general")
		require.NoError(t, err)
		require.False(t, left, "she was not in it")
		_, err = server.LeaveRoom(patient(t), shard.ID{}, "general")
		require.ErrorIs(t, err, core.ErrGone)
	})
	t.Run("SystemController", func(t *testing.T) {
		server := start(t, core.Options{})
		alice, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("general"))
		var reply struct {
			Success bool
			Message string
		}
		require.NoError(t, alice.Request(patient(t), "system", "leaveRoom", object{"roomName": "general"}, &reply))
		require.True(t, reply.Success)
		require.Equal(t, "Successfully left room: general", reply.Message)
		alice.hear(t, `user.leftRoom {"roomName":"general"}`)
		require.Equal(t, []bool{false, true}, inRoom(t, server, "general", alice, bob))
	})
	t.Run("Client", func(t *testing.T) {
		server := start(t, core.Options{})
		alice := visit(t, server, inRooms("general", "support"))
		require.NoError(t, alice.Leave(patient(t), "general"))
		require.Equal(t, []string{"support"}, alice.Rooms())
		require.Equal(t, []core.RoomInfo{{Name: "support", Members: 1}}, server.Rooms())
	})
}

func TestGuide_RoomManagement_BroadcastingToRooms(t *testing.T) {
	server := start(t, core.Options{})
	alice, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("announcements", "general"))
	carol := visit(t, server, inRooms("elsewhere"))

	// Get the clients in a room, and send to each.
	members, err := server.Members(patient(t), "general")
	require.NoError(t, err)
	require.ElementsMatch(t, []shard.ID{idOf(t, alice), idOf(t, bob)}, members)
	for _, id := range members {
		n, err := server.Broadcast(core.Client(id), "chat", "message", object{"text": "Room-specific message"})
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	alice.hear(t, `chat.message {"text":"Room-specific message"}`)
	bob.hear(t, `chat.message {"text":"Room-specific message"}`)
	none, err := server.Members(patient(t), "nowhere")
	require.NoError(t, err)
	require.Empty(t, none)

	// The service: who is in both rooms hears it once.
	require.NoError(t, server.Service().SendToRooms([]string{"general", "announcements"}, bus.Envelope{
		Type: "announcement", Action: "new", Data: object{"text": "Important update!"},
	}))
	alice.hear(t, `announcement.new {"text":"Important update!"}`)
	bob.hear(t, `announcement.new {"text":"Important update!"}`)
	nothingElse(t, server, alice, bob, carol)
}

func TestGuide_RoomManagement_RoomConfiguration(t *testing.T) {
	t.Run("MultipleRooms", func(t *testing.T) {
		server := start(t, core.Options{})
		alice := visit(t, server, inRooms("general", "support"))
		require.Equal(t, []bool{true}, inRoom(t, server, "general", alice))
		require.Equal(t, []bool{true}, inRoom(t, server, "support", alice))
	})

	// Joining a new room removes the client from its current room, whoever joins
	// it, and whatever for.
	t.Run("SingleRoom", func(t *testing.T) {
		server := start(t, core.Options{SingleRoom: true})
		alice := visit(t, server, inRooms("general"))
		require.NoError(t, alice.Join(patient(t), "support"))
		alice.hear(t, `user.leftRoom {"roomName":"general"}`)
		require.Equal(t, []core.RoomInfo{{Name: "support", Members: 1}}, server.Rooms())
		require.Equal(t, []string{"support"}, alice.Rooms())
		require.Equal(t, []bool{false}, inRoom(t, server, "general", alice))
		require.Equal(t, []bool{true}, inRoom(t, server, "support", alice))

		require.NoError(t, server.JoinRoom(patient(t), idOf(t, alice), "lounge"))
		alice.hear(t, `user.leftRoom {"roomName":"support"}`)
		require.Equal(t, []core.RoomInfo{{Name: "lounge", Members: 1}}, server.Rooms())

		require.NoError(t, server.JoinRoom(patient(t), idOf(t, alice), "lounge"), "where she is")
		require.Error(t, server.JoinRoom(patient(t), idOf(t, alice), "no{braces}"), "a room that cannot be")
		require.Equal(t, []core.RoomInfo{{Name: "lounge", Members: 1}}, server.Rooms(), "costs her no room")
	})
}
