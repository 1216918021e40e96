package core_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// leftRoom is what a client is told that is in a room no more.
func leftRoom(room string) string {
	return fmt.Sprintf(`{"type":"user","action":"leftRoom","data":{"roomName":%q}}`, room)
}

// A client is joined wherever it is, hears the room from all nodes from then on, and
// leaves it again. It is told of the leaving alone.
func TestCluster_JoinAndLeave(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		c := servers[0].Cluster()
		for i, s := range servers {
			client := connect(t, s)
			id := idOf(client)
			for range 2 {
				joined, err := c.Join(t.Context(), id, "general")
				require.NoError(t, err)
				require.Equal(t, core.Membership{Clients: 1, Coverage: complete}, joined)
			}
			require.Equal(t, 1, s.MemberCount("general"))
			client.quiet()
			text := fmt.Sprintf(`{"type":"t","action":"a","data":%d}`, i)
			_, err := servers[(i+1)%3].Broadcast(core.Room("general"), "t", "a", i)
			require.NoError(t, err)
			require.Equal(t, text, client.receive())

			left, err := c.Leave(t.Context(), id, "general")
			require.NoError(t, err)
			require.Equal(t, core.Membership{Clients: 1, Coverage: complete}, left)
			require.Equal(t, leftRoom("general"), client.receive())
			left, err = c.Leave(t.Context(), id, "general")
			require.NoError(t, err)
			require.Equal(t, core.Membership{Coverage: complete}, left)
			client.quiet()
		}
	}, core.Options{Loops: 2}, tellID)
}

// All of a user's clients are joined, and nobody else is.
func TestCluster_JoinAndLeaveOfUsers(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		c := servers[1].Cluster()
		var ada, others []*client
		for _, s := range servers {
			ada = append(ada, connectAs(t, s, "ada"), connectAs(t, s, "ada"))
			others = append(others, connectAs(t, s, "eve"), connect(t, s))
		}
		joined, err := c.JoinUser(t.Context(), "ada", "general")
		require.NoError(t, err)
		assert.Equal(t, core.Membership{Clients: 6, Coverage: complete}, joined)
		assert.Equal(t, 6, c.Room(t.Context(), "general").Members)
		_, err = servers[2].Broadcast(core.Room("general"), "t", "a", nil)
		require.NoError(t, err)
		for _, one := range ada {
			require.Equal(t, `{"type":"t","action":"a"}`, one.receive())
		}
		left, err := c.LeaveUser(t.Context(), "ada", "general")
		require.NoError(t, err)
		assert.Equal(t, core.Membership{Clients: 6, Coverage: complete}, left)
		for _, one := range ada {
			require.Equal(t, leftRoom("general"), one.receive())
		}
		for _, one := range others {
			one.quiet()
		}
		assert.Zero(t, c.Room(t.Context(), "general").Members)
	}, core.Options{Loops: 2, JWTSecret: broadcastSecret})
}

// The policy and the hook are for what clients ask for; the rules are for everybody.
func TestCluster_JoinRules(t *testing.T) {
	refuse := func(*core.Context, string) error { return errors.New("nobody") }
	server := start(t, core.Options{
		Loops: 1, MaxRooms: 1, MaxRoomName: 8, JWTSecret: broadcastSecret, Join: core.JoinClaim, Hooks: core.Hooks{Join: refuse},
	})
	first, second := connectAs(t, server, "ada"), connectAs(t, server, "ada")
	c := server.Cluster()
	id := server.UserClients("ada")[0]
	joined, err := c.Join(t.Context(), id, "one")
	require.NoError(t, err)
	assert.Equal(t, 1, joined.Clients)
	joined, err = c.Join(t.Context(), id, "two")
	require.NoError(t, err)
	assert.Equal(t, core.Membership{Refused: 1, Coverage: complete}, joined)
	joined, err = c.JoinUser(t.Context(), "ada", "two")
	require.NoError(t, err)
	assert.Equal(t, core.Membership{Clients: 1, Refused: 1, Coverage: complete}, joined)
	joined, err = c.JoinUser(t.Context(), "eve", "two")
	require.NoError(t, err)
	assert.Equal(t, core.Membership{Coverage: complete}, joined)

	for _, name := range []string{"", "{", "too long a", "\xff", "a\nb"} {
		for _, change := range []func() (core.Membership, error){
			func() (core.Membership, error) { return c.Join(t.Context(), id, name) },
			func() (core.Membership, error) { return c.JoinUser(t.Context(), "ada", name) },
			func() (core.Membership, error) { return c.Leave(t.Context(), id, name) },
			func() (core.Membership, error) { return c.LeaveUser(t.Context(), "ada", name) },
		} {
			result, err := change()
			var public *core.Error
			require.ErrorAs(t, err, &public, "%q", name)
			assert.Equal(t, "BAD_ROOM_NAME", public.Code)
			assert.Equal(t, core.Membership{Coverage: complete}, result)
		}
	}
	first.quiet()
	second.quiet()
}

// In single-room mode a client leaves its other room, and is told so.
func TestCluster_JoinInSingleRoomMode(t *testing.T) {
	server := start(t, core.Options{Loops: 1, SingleRoom: true}, tellID)
	client := member(t, server, "old")
	joined, err := server.Cluster().Join(t.Context(), idOf(client), "new")
	require.NoError(t, err)
	assert.Equal(t, 1, joined.Clients)
	assert.Equal(t, leftRoom("old"), client.receive())
	assert.Zero(t, server.MemberCount("old"))
	assert.Equal(t, 1, server.MemberCount("new"))
}

// Who has gone is not joined, and a node that nobody knows is missing.
func TestCluster_JoinOfWhoIsNotThere(t *testing.T) {
	server := start(t, core.Options{Loops: 1}, tellID)
	id := idOf(connect(t, server)).Bytes()
	id[15] ^= 1
	joined, err := server.Cluster().Join(t.Context(), shard.IDFromBytes(id), "r")
	require.NoError(t, err)
	assert.Equal(t, core.Membership{Coverage: complete}, joined)

	both := startTier(t, core.Options{Loops: 1})
	joined, err = both.here.Cluster().Join(t.Context(), shard.IDFromBytes([16]byte{1, 2, 3, 4, 5, 6}), "r")
	require.NoError(t, err)
	assert.Equal(t, core.Membership{Coverage: core.Coverage{Missing: []string{"010203040506"}}}, joined)
}

// unconfirmed is a bus that cannot subscribe.
type unconfirmed struct{ bus.Local }

func (unconfirmed) Standing(string) bool { return false }

func (unconfirmed) Await(_ string, done func(error)) { done(errors.New("away")) }

// unanswering is a bus that is still about to subscribe.
type unanswering struct{ unconfirmed }

func (unanswering) Await(string, func(error)) {}

// A join is none of the bus's business, but its answer says that messages may not
// arrive.
func TestCluster_JoinDegraded(t *testing.T) {
	for name, nodes := range map[string]bus.Bus{"it says no": unconfirmed{}, "it says nothing in time": unanswering{}} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{Loops: 1, Bus: nodes}, tellID)
			joined, err := server.Cluster().Join(t.Context(), idOf(connect(t, server)), "r")
			require.NoError(t, err)
			assert.Equal(t, core.Membership{Clients: 1, Degraded: true, Coverage: complete}, joined)
			assert.Equal(t, 1, server.MemberCount("r"))
			joined, err = server.Cluster().JoinUser(t.Context(), "nobody", "r")
			require.NoError(t, err)
			assert.False(t, joined.Degraded, "there is nobody to miss anything")
		})
	}
}
