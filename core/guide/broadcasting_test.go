package guide

import (
	"encoding/json"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// crowd is the clients of two workers, by name.
type crowd map[string]*person

// newCrowd has two clients of user 1, alice on the first worker, and one away on
// the other. idOf returns the id of a client that has a token or is in a room.
func newCrowd(t *testing.T) (one *core.Server, all crowd, idOf func(name string) shard.ID) {
	t.Helper()
	_, workers := nodes(t, 2, core.Options{JWTSecret: secret})
	one, two := workers[0], workers[1]
	all = crowd{
		"alice":      visit(t, one, as(jwt.MapClaims{"sub": 1, "subscription": "premium"}, "general")),
		"alice away": visit(t, two, as(jwt.MapClaims{"sub": 1, "subscription": "premium"})),
		"bob":        visit(t, two, as(jwt.MapClaims{"sub": "2", "subscription": "free"}, "general")),
		"anonymous":  visit(t, one, inRooms("general")),
		"nobody":     visit(t, one, client.Options{}),
	}
	idOf = func(name string) shard.ID {
		t.Helper()
		id, ok := shard.ParseID(all[name].ID())
		require.True(t, ok, "%s has no id", name)
		return id
	}
	return one, all, idOf
}

// hears makes sure that those with the names hear a broadcast, and nobody else.
func (c crowd) hears(t *testing.T, server *core.Server, to core.Target, names ...string) {
	t.Helper()
	_, err := server.Broadcast(to, "notification", "update", object{"message": "Hello"})
	require.NoError(t, err)
	for _, name := range names {
		c[name].hear(t, `notification.update {"message":"Hello"}`)
	}
	everybody := make([]*person, 0, len(c))
	for _, p := range c {
		everybody = append(everybody, p)
	}
	nothingElseAnywhere(t, server, everybody...)
}

// Targets are values: they can be kept, and changed into others.
func TestGuide_BroadcastingUtilities(t *testing.T) {
	server, all, idOf := newCrowd(t)
	general := core.Room("general")
	others := general.Except(idOf("alice"))
	all.hears(t, server, others, "anonymous", "bob")
	all.hears(t, server, general, "alice", "anonymous", "bob")
	all.hears(t, server, general.Here(), "alice", "anonymous")
}

func TestGuide_BroadcastingUtilities_BroadcastToAllClients(t *testing.T) {
	server, all, idOf := newCrowd(t)
	all.hears(t, server, core.All(), "alice", "alice away", "bob", "anonymous", "nobody")
	all.hears(t, server, core.All().Except(idOf("alice")), "alice away", "bob", "anonymous", "nobody")
	all.hears(t, server, core.All().Except(idOf("bob")), "alice", "alice away", "anonymous", "nobody")

	premium := func(v *core.ClientView) bool {
		var user struct{ Subscription string }
		return json.Unmarshal(v.Claims(), &user) == nil && user.Subscription == "premium"
	}
	all.hears(t, server, core.All().If(premium), "alice")
	all.hears(t, server, core.All().Where("claim:subscription == premium"), "alice", "alice away")
	anonymous := idOf("anonymous")
	all.hears(t, server, core.All().If(func(v *core.ClientView) bool { return v.ID() == anonymous }), "anonymous")
	_, err := server.Broadcast(core.All().Where("claim:subscription = premium"), "a", "b", nil)
	require.ErrorContains(t, err, "condition")
}

func TestGuide_BroadcastingUtilities_BroadcastToRoom(t *testing.T) {
	server, all, idOf := newCrowd(t)
	all.hears(t, server, core.Room("general"), "alice", "anonymous", "bob")
	all.hears(t, server, core.Room("general").Except(idOf("anonymous")), "alice", "bob")
	all.hears(t, server, core.Room("general").Except(idOf("bob")), "alice", "anonymous")
	all.hears(t, server, core.Room("empty"))
	all.hears(t, server, core.Rooms("empty", "general"), "alice", "anonymous", "bob")
}

func TestGuide_BroadcastingUtilities_BroadcastToSpecificUsers(t *testing.T) {
	server, all, _ := newCrowd(t)
	all.hears(t, server, core.Users("1"), "alice", "alice away")
	all.hears(t, server, core.Users("1", "2", "456"), "alice", "alice away", "bob")
	all.hears(t, server, core.Users("456"))
}

func TestGuide_BroadcastingUtilities_BroadcastToSingleClient(t *testing.T) {
	server, all, idOf := newCrowd(t)
	for _, name := range []string{"alice", "alice away", "anonymous"} {
		all.hears(t, server, core.Client(idOf(name)), name)
	}
	all.hears(t, server, core.Clients(idOf("alice"), idOf("anonymous")), "alice", "anonymous")
}
