package core_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

func TestJoinRoom(t *testing.T) {
	asked := core.Hooks{Join: func(*core.Context, string) error { return errors.New("the hook is not asked") }}
	server := start(t, core.Options{MaxRooms: 2, JWTSecret: broadcastSecret, Join: core.JoinClaim, Hooks: asked}, tellID)
	c := connect(t, server)
	id := idOf(c)
	require.NoError(t, server.JoinRoom(t.Context(), id, "a"))
	require.NoError(t, server.JoinRoom(t.Context(), id, "a"), "it is a member already")
	require.NoError(t, server.JoinRoom(t.Context(), id, "b"))
	require.Equal(t, []core.RoomInfo{{Name: "a", Members: 1}, {Name: "b", Members: 1}}, server.Rooms())
	c.quiet()
	for room, code := range map[string]string{
		"": "BAD_ROOM_NAME", "{": "BAD_ROOM_NAME", "\xff": "BAD_ROOM_NAME",
		strings.Repeat("x", 129): "BAD_ROOM_NAME", "c": "TOO_MANY_ROOMS",
	} {
		var public *core.Error
		require.ErrorAs(t, server.JoinRoom(t.Context(), id, room), &public, room)
		require.Equal(t, code, public.Code)
	}
	stats := server.Stats()
	require.Equal(t, [3]uint64{4, 1, 0}, [3]uint64{stats.RoomNamesRefused, stats.RoomLimitsMet, stats.JoinsRefused})
	require.Equal(t, core.ErrGone, server.JoinRoom(t.Context(), shard.ID{}, "a"))
}

func TestLeaveRoom(t *testing.T) {
	server := start(t, core.Options{}, tellID)
	c := connect(t, server)
	id := idOf(c)
	c.join("a")
	left, err := server.LeaveRoom(t.Context(), id, "a")
	require.NoError(t, err)
	require.True(t, left)
	require.Equal(t, wireLeftEvent("a"), c.receive())
	left, err = server.LeaveRoom(t.Context(), id, "a")
	require.NoError(t, err)
	require.False(t, left)
	c.quiet()
	require.Zero(t, server.MemberCount("a"))
	_, err = server.LeaveRoom(t.Context(), shard.ID{}, "a")
	require.Equal(t, core.ErrGone, err)
}

func TestMembers(t *testing.T) {
	server := start(t, core.Options{Loops: 2}, tellID)
	one, other := onTwoLoops(t, server, func() *client { return connect(t, server) })
	one.join("both")
	other.join("both")
	other.join("one")
	for room, want := range map[string][]shard.ID{
		"both": {idOf(one), idOf(other)}, "one": {idOf(other)}, "none": nil,
	} {
		members, err := server.Members(t.Context(), room)
		require.NoError(t, err)
		require.ElementsMatch(t, want, members, room)
		require.Equal(t, len(want), server.MemberCount(room), room)
	}
	require.NoError(t, other.conn.NetConn().Close())
	eventually(t, func() bool { return server.MemberCount("one") == 0 }, "it has gone from all")
	members, err := server.Members(t.Context(), "both")
	require.NoError(t, err)
	require.Equal(t, []shard.ID{idOf(one)}, members)
}

func TestRooms_SortedByName(t *testing.T) {
	server := start(t, core.Options{Loops: 2})
	one, other := connect(t, server), connect(t, server)
	for _, room := range []string{"zebra", "a", "Berta", "öl", "b c"} {
		one.join(room)
	}
	other.join("a")
	require.Equal(t, []core.RoomInfo{{"Berta", 1}, {"a", 2}, {"b c", 1}, {"zebra", 1}, {"öl", 1}}, server.Rooms())

	var table strings.Builder
	require.NoError(t, server.WriteRooms(&table))
	require.Equal(t, ""+
		"ROOM   MEMBERS\n"+
		"Berta  1\n"+
		"a      2\n"+
		"b c    1\n"+
		"zebra  1\n"+
		"öl     1\n", table.String())
	require.ErrorIs(t, server.WriteRooms(brokenWriter{}), errAway)
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errAway }

func TestRooms_None(t *testing.T) {
	server := start(t, core.Options{})
	require.Equal(t, []core.RoomInfo{}, server.Rooms())
	var table strings.Builder
	require.NoError(t, server.WriteRooms(&table))
	require.Equal(t, "ROOM  MEMBERS\n", table.String())
}
