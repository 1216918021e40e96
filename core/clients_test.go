package core_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

func TestClient_Info(t *testing.T) {
	server := start(t, core.Options{JWTSecret: broadcastSecret}, tellID)
	began := time.Now()
	c := connectAs(t, server, 5)
	id := idOf(c)
	c.join("a")
	c.join("b")
	require.NoError(t, visited(t, server, id, func(here *core.Context) error {
		return here.SetMetadata("zone", map[string]any{"x": 1})
	}))
	info, err := server.Client(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, id, info.ID)
	assert.Equal(t, "5", info.User.ID)
	assert.Equal(t, "5", string(info.User.IDJSON))
	assert.JSONEq(t, `{"sub":5}`, string(info.User.Payload))
	assert.ElementsMatch(t, []string{"a", "b"}, info.Rooms)
	assert.Len(t, info.Metadata, 1)
	assert.JSONEq(t, `{"x":1}`, string(info.Metadata["zone"]))
	assert.WithinRange(t, info.LastActivity, began.Add(-time.Second), time.Now().Add(time.Second))
	assert.Zero(t, info.Backlog)

	anonymous, err := server.Client(t.Context(), idOf(connect(t, server)))
	require.NoError(t, err)
	assert.Nil(t, anonymous.User)
	assert.Equal(t, []string{}, anonymous.Rooms, "a list in JSON too")
	assert.Nil(t, anonymous.Metadata)
}

func TestClient_Backlog(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxBacklog: 16 << 20})
	upgrade(t, server, cramped(t, server))
	for range 20 {
		_, err := server.Broadcast(core.All(), "t", "a", string(make([]byte, 10_000)))
		require.NoError(t, err)
	}
	eventually(t, func() bool {
		all, err := server.Clients(t.Context(), nil, 0)
		return err == nil && len(all) == 1 && all[0].Backlog > 100_000
	}, "what waits for it is known")
}

// waits are the calls that wait for event loops, by name.
func waits(server *core.Server, id shard.ID) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Client":    func(ctx context.Context) error { _, err := server.Client(ctx, id); return err },
		"Clients":   func(ctx context.Context) error { _, err := server.Clients(ctx, nil, 0); return err },
		"Members":   func(ctx context.Context) error { _, err := server.Members(ctx, "r"); return err },
		"JoinRoom":  func(ctx context.Context) error { return server.JoinRoom(ctx, id, "r") },
		"LeaveRoom": func(ctx context.Context) error { _, err := server.LeaveRoom(ctx, id, "other"); return err },
	}
}

// Whoever waits for a loop that stands still can give up.
func TestClients_ContextEndsTheWait(t *testing.T) {
	server, stuck, free, release := busyLoop(t, core.Options{MaxInbox: 8 << 10})
	defer release()
	here := idOf(free)
	ids := slices.DeleteFunc(server.UserClients("ada"), func(id shard.ID) bool { return id.Shard() == here.Shard() })
	require.NotEmpty(t, ids)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, wait := range waits(server, ids[0]) {
		require.ErrorIs(t, wait(ended), context.Canceled, name)
	}
	release()
	stuck.receive()
	for name, wait := range waits(server, ids[0]) {
		require.NoError(t, wait(t.Context()), name)
	}
}

// Nor does anybody wait for a loop that has ended, with more left to do than it
// had time for.
func TestClients_ServerStopsDuringTheWait(t *testing.T) {
	const waiting = 5000
	entered, resume, log := make(chan struct{}), make(chan struct{}), &lockedLog{}
	server := newServer(t, core.Options{
		Loops: 1, DrainTimeout: 20 * time.Millisecond, MaxInbox: waiting * 100, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	tellID(server)
	server.Handle("test", "block", func(*core.Context) (any, error) { close(entered); <-resume; return nil, nil })
	stop := run(t, server)
	c := connect(t, server)
	c.join("r")
	id := idOf(c)
	c.send(`{"type":"test","action":"block"}`)
	next(t, entered)
	var returned sync.WaitGroup
	for range waiting / 5 {
		for _, wait := range waits(server, id) {
			returned.Go(func() { _ = wait(context.Background()) })
		}
	}
	eventually(t, func() bool {
		_, err := server.Publish(note{"r", 0}.to(core.Room("r")))
		return errors.Is(err, core.ErrOverloaded)
	}, "nearly all of them wait")
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	eventually(t, func() bool { return strings.Contains(log.String(), "connections did not end in time") }, "it stops")
	close(resume)
	require.NoError(t, next(t, stopped))
	all := make(chan struct{})
	go func() { returned.Wait(); close(all) }()
	next(t, all)
}

func idsOf(infos []core.ClientInfo) (ids []shard.ID) {
	for _, info := range infos {
		ids = append(ids, info.ID)
	}
	return ids
}

func TestClients_Filter(t *testing.T) {
	server := start(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	clients, ids := audience(t, server)
	onTwoLoops(t, server, func() *client { return connectAs(t, server, "eve") }) // there are some on both
	require.NoError(t, visited(t, server, ids["ada2"], func(c *core.Context) error { return c.SetMetadata("level", 3) }))
	heard := time.Now()
	clients["anon"].ask(askPing)
	cases := map[string]struct {
		filter func(*core.ClientView) bool
		want   []string
	}{
		"by id":       {func(v *core.ClientView) bool { return v.ID() == ids["five"] }, []string{"five"}},
		"by user":     {func(v *core.ClientView) bool { return v.User() != nil && v.User().ID == "5" }, []string{"five"}},
		"by user id":  {func(v *core.ClientView) bool { return v.UserID() == "ada" }, []string{"ada1", "ada2"}},
		"anonymous":   {func(v *core.ClientView) bool { return v.UserID() == "" && v.Claims() == nil }, []string{"anon"}},
		"by claims":   {func(v *core.ClientView) bool { return string(v.Claims()) == `{"sub":5}` }, []string{"five"}},
		"by metadata": {func(v *core.ClientView) bool { return string(v.Metadata("level")) == "3" }, []string{"ada2"}},
		"by room":     {func(v *core.ClientView) bool { return v.IsMember("r") }, []string{"ada1", "five", "anon"}},
		"by activity": {func(v *core.ClientView) bool {
			return v.User() == nil && !v.LastActivity().Before(heard.Add(-time.Second))
		}, []string{"anon"}},
		"nobody":       {func(*core.ClientView) bool { return false }, nil},
		"whose panics": {func(v *core.ClientView) bool { return v.UserID() == "ada" || explode(v) }, []string{"ada1", "ada2"}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			found, err := server.Clients(t.Context(), tt.filter, 0)
			require.NoError(t, err)
			var want []shard.ID
			for _, who := range tt.want {
				want = append(want, ids[who])
			}
			require.ElementsMatch(t, want, idsOf(found))
		})
	}
	require.Positive(t, server.Stats().Panics, "a filter's panics are counted")
	for _, c := range clients {
		c.quiet()
	}
}

func explode(*core.ClientView) bool { panic("in a filter") }

func TestClients_Limit(t *testing.T) {
	server := start(t, core.Options{Loops: 2}, tellID)
	one, other := onTwoLoops(t, server, func() *client { return connect(t, server) })
	all := []shard.ID{idOf(one), idOf(other)}
	for range 5 {
		all = append(all, idOf(connect(t, server)))
	}
	for _, limit := range []int{0, -1, 1, 2, len(all) - 1, len(all), len(all) + 1, 1 << 20} {
		found, err := server.Clients(t.Context(), nil, limit)
		require.NoError(t, err)
		want := len(all)
		if limit > 0 {
			want = min(limit, want)
		}
		require.Len(t, found, want, "limit %d", limit)
		require.Subset(t, all, idsOf(found))
	}
	some := 0
	found, err := server.Clients(t.Context(), func(*core.ClientView) bool { some++; return some%2 == 0 }, 2)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, 4, some, "it stops looking")
}

// More clients than one visit of a loop looks at are looked at in pieces, all of
// them, and none twice.
func TestClients_InPieces(t *testing.T) {
	const clients = 1100
	server := start(t, core.Options{Loops: 1})
	for range clients {
		upgrade(t, server, raw(t, server))
	}
	found, err := server.Clients(t.Context(), nil, 0)
	require.NoError(t, err)
	ids := idsOf(found)
	slices.SortFunc(ids, shard.ID.Compare)
	require.Len(t, slices.Compact(ids), clients)
	last := ids[clients-1]
	found, err = server.Clients(t.Context(), func(v *core.ClientView) bool { return v.ID() == last }, 1)
	require.NoError(t, err)
	require.Equal(t, []shard.ID{last}, idsOf(found))
	found, err = server.Clients(t.Context(), nil, 3)
	require.NoError(t, err)
	require.Len(t, found, 3, "the first piece is enough")
}

// Clients whose end has begun are not found.
func TestClients_ClosingClient(t *testing.T) {
	server := start(t, core.Options{Loops: 1, CloseTimeout: patience})
	p := wireOpen(t, server, wireRequest("/ws")+wireFrame(0x81, `{"type":"system","action":"joinRoom"}`))
	id := wireShardID(t, wireIDIn(t, p.text()))
	found, err := server.Clients(t.Context(), nil, 0)
	require.NoError(t, err)
	require.Equal(t, []shard.ID{id}, idsOf(found))
	require.True(t, server.Disconnect(id, ""))
	found, err = server.Clients(t.Context(), nil, 0)
	require.NoError(t, err)
	require.Empty(t, found)
	require.True(t, server.Alive(id), "it is still connected")
}

func TestUserClients(t *testing.T) {
	server := start(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	_, ids := audience(t, server)
	require.ElementsMatch(t, []shard.ID{ids["ada1"], ids["ada2"]}, server.UserClients("ada"))
	require.Equal(t, []shard.ID{ids["five"]}, server.UserClients("5"))
	require.Empty(t, server.UserClients("eve"))
	require.Empty(t, server.UserClients(""))
}

// Nobody waits for a server that does not run.
func TestClients_ServerDoesNotRun(t *testing.T) {
	server, err := core.New(core.Options{})
	require.NoError(t, err)
	found, err := server.Clients(context.Background(), nil, 0)
	require.NoError(t, err)
	require.Empty(t, found)
	members, err := server.Members(context.Background(), "r")
	require.NoError(t, err)
	require.Empty(t, members)
	require.Empty(t, server.Rooms())
	_, err = server.Client(context.Background(), shard.ID{})
	require.Equal(t, core.ErrGone, err)
}
