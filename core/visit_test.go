package core_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// visited visits a client and returns what the visitor found.
func visited[T any](t testing.TB, server *core.Server, id shard.ID, f func(*core.Context) T) T {
	t.Helper()
	found := make(chan T, 1)
	require.True(t, server.Visit(id, func(c *core.Context) { found <- f(c) }))
	return next(t, found)
}

// onTwoLoops opens clients until two are on different loops of a server that has
// the route test.id, and returns these. The others are gone.
func onTwoLoops(t testing.TB, server *core.Server, open func() *client) (one, other *client) {
	t.Helper()
	one = open()
	for {
		other = open()
		id := idOf(other)
		if id.Shard() != idOf(one).Shard() {
			return one, other
		}
		require.NoError(t, other.conn.NetConn().Close())
		eventually(t, func() bool { return !server.Alive(id) }, "it is of no use")
	}
}

func TestVisit_Context(t *testing.T) {
	server := start(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	for _, subject := range []string{"ada", "eve"} {
		c := connectAs(t, server, subject)
		id := idOf(c)
		visited(t, server, id, func(here *core.Context) bool {
			assert.Equal(t, id, here.ClientID())
			assert.Equal(t, subject, here.User().ID)
			assert.Same(t, server, here.Server())
			assert.Nil(t, here.Data(), "there is no request")
			assert.Error(t, here.Bind(new(int)))
			assert.NoError(t, here.Join("r"))
			assert.NoError(t, here.Send("to", "visited", nil))
			assert.True(t, here.Leave("r"))
			return true
		})
		// What a visitor has a client told at once comes before what it publishes.
		require.Equal(t, wireLeftEvent("r"), c.receive())
		require.Equal(t, `{"type":"to","action":"visited"}`, c.receive())
		c.quiet()
	}
}

func TestVisit_OrderOfEachGoroutine(t *testing.T) {
	const visitors, visits = 4, 500
	server := start(t, core.Options{Loops: 1}, tellID)
	id := idOf(connect(t, server))
	var seen [visitors][]int // without a lock: visits are on one goroutine
	var visiting sync.WaitGroup
	for v := range visitors {
		visiting.Go(func() {
			for i := range visits {
				assert.True(t, server.Visit(id, func(*core.Context) { seen[v] = append(seen[v], i) }))
			}
		})
	}
	visiting.Wait()
	visited(t, server, id, func(*core.Context) bool { return true })
	for v := range visitors {
		require.Len(t, seen[v], visits)
		require.True(t, slices.IsSorted(seen[v]))
	}
}

func TestVisit_Nobody(t *testing.T) {
	server := start(t, core.Options{Loops: 1}, tellID)
	id := idOf(connect(t, server))
	other := start(t, core.Options{Loops: 1})
	never := func(*core.Context) { t.Error("somebody was visited") }
	require.False(t, other.Visit(id, never), "it is another node's")
	require.False(t, server.Visit(shard.ID{}, never))
	unstarted, err := core.New(core.Options{})
	require.NoError(t, err)
	require.False(t, unstarted.Visit(id, never))

	leaving := connect(t, server)
	left := idOf(leaving)
	require.NoError(t, leaving.conn.NetConn().Close())
	eventually(t, func() bool { return !server.Alive(left) }, "it has gone")
	require.False(t, server.Visit(left, never))
	heir := idOf(connect(t, server))
	require.Equal(t, left.Slot(), heir.Slot(), "another has its place")
	require.False(t, server.Visit(left, never))
	require.True(t, visited(t, server, heir, func(*core.Context) bool { return true }))
}

// A client whose end has begun is still connected, but nothing is done with it.
func TestVisit_ClosingClient(t *testing.T) {
	server := start(t, core.Options{Loops: 1, CloseTimeout: patience}, tellID)
	p := wireOpen(t, server, wireRequest("/ws")+wireFrame(0x81, `{"type":"system","action":"joinRoom"}`))
	id := wireShardID(t, wireIDIn(t, p.text()))
	other := idOf(connect(t, server))
	require.True(t, server.Disconnect(id, ""))
	server.Visit(id, func(*core.Context) { t.Error("it was visited") })
	require.Equal(t, core.ErrGone, server.JoinRoom(t.Context(), id, "r"))
	_, err := server.Client(t.Context(), id)
	require.Equal(t, core.ErrGone, err)
	require.True(t, visited(t, server, other, func(*core.Context) bool { return true }), "the loop has had its turn")
}

func TestVisit_PanicEndsTheClient(t *testing.T) {
	told := make(chan error, 1)
	hooks := core.Hooks{Error: func(_ *core.Context, err error) { told <- err }}
	server := start(t, core.Options{Loops: 1, Hooks: hooks}, tellID)
	c, other := connect(t, server), connect(t, server)
	require.True(t, server.Visit(idOf(c), func(*core.Context) { panic("during a visit") }))
	require.Equal(t, closing{1011, "internal error"}, c.end())
	require.EqualError(t, next(t, told), "panic: during a visit")
	require.EqualValues(t, 1, server.Stats().Panics)
	require.Equal(t, wirePong, other.ask(askPing))
}
