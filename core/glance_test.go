package core_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func TestGlance_WhileItDoesNotRun(t *testing.T) {
	server := newServer(t, core.Options{})
	g := server.Glance()
	assert.Equal(t, "new", g.Status)
	assert.Empty(t, g.Loops)
	assert.Empty(t, server.Moments())
	stop := run(t, server)
	member(t, server, "r")
	require.NoError(t, stop())
	g = server.Glance()
	assert.Equal(t, "stopped", g.Status)
	assert.Zero(t, g.Clients)
	assert.Empty(t, g.Loops)
	assert.Empty(t, g.TopRooms)
	assert.Zero(t, g.Rates)
}

func TestGlance_Figures(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{Loops: 2, JWTSecret: broadcastSecret})
	ada := connectAs(t, server, "ada")
	ada.join("r")
	member(t, server, "r", "s")
	var g core.Glance
	eventually(t, func() bool {
		ada.ask(askPing)
		_, err := server.Publish(note{"x", 0}.to(core.Room("s")))
		require.NoError(t, err)
		g = server.Glance()
		return g.MessagesIn > 0 && g.Published > 0 && g.Deliveries > g.MessagesIn && g.BytesIn > 0 && g.BytesOut > 0
	}, "what is said is seen")
	assert.Equal(t, server.NodeID(), g.Node)
	assert.Equal(t, [4]int{2, 2, 1, 2}, [4]int{g.Connections, g.Clients, g.Users, g.Rooms})
	assert.Equal(t, server.MaxConnections(), g.MaxConnections)
	assert.Equal(t, "healthy", g.Status)
	assert.Positive(t, g.UptimeSeconds)
	assert.Greater(t, g.Memory.Resident, uint64(1<<20))
	assert.Greater(t, g.Memory.Heap, uint64(100_000))
	assert.Less(t, g.Memory.Resident, uint64(100<<30))
	require.Len(t, g.Loops, 2)
	assert.Equal(t, 2, g.Loops[0].Clients+g.Loops[1].Clients)
	assert.Nil(t, g.Bus)
}

// How busy loops are is measured once somebody looks.
func TestGlance_BusyLoops(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{Loops: 2})
	eventually(t, func() bool {
		for _, l := range server.Glance().Loops {
			if l.Busy == nil {
				return false
			}
		}
		return true
	}, "it is known")
	for _, l := range server.Glance().Loops {
		assert.GreaterOrEqual(t, *l.Busy, 0.0)
		assert.LessOrEqual(t, *l.Busy, 1.0)
	}
}

// A loop that works shows as busy beside one that does not.
func TestGlance_OneLoopIsBusy(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{Loops: 2, SlowHandler: -1}, tellID, func(s *core.Server) {
		s.Handle("test", "work", func(*core.Context) (any, error) { time.Sleep(50 * time.Millisecond); return nil, nil })
	})
	c := connect(t, server)
	index := int(idOf(c).Shard())
	eventually(t, func() bool {
		c.ask(`{"type":"test","action":"work"}`)
		loops := server.Glance().Loops
		busy, idle := loops[index].Busy, loops[1-index].Busy
		return busy != nil && idle != nil && *busy > .5 && *idle < *busy
	}, "it shows which")
}

func TestGlance_WhyClientsLeft(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{MaxMessageSize: 100}, tellID)
	big, gone, asked := connect(t, server), connect(t, server), connect(t, server)
	id := idOf(asked)
	big.send(string(make([]byte, 200)))
	require.NoError(t, gone.conn.NetConn().Close())
	server.Disconnect(id, "bye")
	big.end()
	asked.end()
	_, err := dial(t, "ws://"+server.Addr().String()+"/wrong")
	require.Error(t, err)
	_, _ = connect(t, server).conn.NetConn().Write([]byte("broken"))
	once := core.Lately{Minute: 1, FiveMinutes: 1, Total: 1}
	eventually(t, func() bool {
		g := server.Glance()
		return assert.ObjectsAreEqual(map[string]core.Lately{"not_found": once}, g.Refused) &&
			g.Closed["message_too_big"] == once && g.Closed["disconnected"] == once && g.Closed["protocol_error"] == once && g.Closed["peer_gone"] == once
	}, "each shows")
}

// troubledBus counts what a test has it count.
type troubledBus struct {
	bus.Local
	stats atomic.Pointer[bus.Stats]
}

func (b *troubledBus) Stats() bus.Stats { return *b.stats.Load() }

func (b *troubledBus) Status() bus.Status { return b.Stats().Status }

// What the bus has counted before the server ran is of no minute of it.
func TestGlance_TroublesOfTheBus(t *testing.T) {
	t.Parallel()
	troubled := &troubledBus{}
	troubled.stats.Store(&bus.Stats{Missed: 100})
	server := start(t, core.Options{Bus: troubled})
	eventually(t, func() bool { return server.Glance().Troubles["busMissed"] == core.Lately{Total: 100} }, "it is known")
	troubled.stats.Store(&bus.Stats{Dropped: 1, Failed: 2, CountedGaps: 3, UncountedGaps: 4, Missed: 105, Unknown: 6, NodesLost: 8})
	lately := func(n uint64) core.Lately { return core.Lately{Minute: n, FiveMinutes: n, Total: n} }
	want := map[string]core.Lately{
		"busDropped": lately(1), "busFailed": lately(2), "busGaps": lately(7), "busUnknown": lately(6), "nodesLost": lately(8),
		"busMissed": {Minute: 5, FiveMinutes: 5, Total: 105},
	}
	eventually(t, func() bool { return assert.ObjectsAreEqual(want, server.Glance().Troubles) }, "each shows")
}

func TestGlance_Troubles(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("test", "panic", func(*core.Context) (any, error) { panic("oh") })
	})
	c := connect(t, server)
	c.ask("no envelope")
	c.send(`{"type":"test","action":"panic"}`)
	c.end()
	once := core.Lately{Minute: 1, FiveMinutes: 1, Total: 1}
	eventually(t, func() bool {
		g := server.Glance()
		return g.Troubles["badMessages"] == once && g.Troubles["panics"] == once && g.Closed["internal_error"] == once
	}, "they show")
}

// A loop that hangs delays no look, and shows.
func TestGlance_LoopHangs(t *testing.T) {
	t.Parallel()
	server, stuck, _, release := busyLoop(t, core.Options{})
	eventually(t, func() bool { return server.Glance().Status == "degraded" }, "it shows")
	g := server.Glance()
	assert.Equal(t, "an event loop lags behind", g.Problem)
	assert.GreaterOrEqual(t, g.LagSeconds, .5)
	lags := []float64{g.Loops[0].LagSeconds, g.Loops[1].LagSeconds}
	assert.GreaterOrEqual(t, max(lags[0], lags[1]), .5)
	release()
	stuck.receive()
	eventually(t, func() bool { return server.Glance().Status == "healthy" }, "it is over")
}

func TestMoments(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{})
	member(t, server, "r")
	eventually(t, func() bool { return len(server.Moments()) > 0 }, "five seconds have passed")
	m := server.Moments()[0]
	assert.Equal(t, 1, m.Clients)
	assert.Positive(t, m.MessagesIn)
	assert.Positive(t, m.Deliveries)
	assert.Less(t, m.AgeSeconds, patience.Seconds())
}

func TestClusterGlance(t *testing.T) {
	t.Parallel()
	nodes := startTier(t, core.Options{SurveyTimeout: patience})
	member(t, nodes.there, "r")
	got := nodes.here.Cluster().Glance(t.Context())
	assert.Empty(t, got.Missing)
	require.Len(t, got.Nodes, 2)
	clients := map[string]int{}
	for _, g := range got.Nodes {
		clients[g.Node] = g.Clients
	}
	assert.Equal(t, map[string]int{nodes.here.NodeID(): 0, nodes.there.NodeID(): 1}, clients)
}

// deafBus knows another node, which does not answer.
type deafBus struct{ bus.Local }

func (deafBus) Survey(context.Context, bus.Question) (bus.Survey, error) {
	return bus.Survey{Missing: []string{"00000000000a"}}, nil
}

func TestClusterGlance_Missing(t *testing.T) {
	server := start(t, core.Options{Bus: deafBus{}})
	got := server.Cluster().Glance(t.Context())
	assert.Len(t, got.Nodes, 1)
	assert.Equal(t, []string{"00000000000a"}, got.Missing)
}
