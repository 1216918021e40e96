package core_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// handled returns how often the handlers of routes have been called, but for that of
// tellID.
func handled(server *core.Server) map[string]uint64 {
	counts := map[string]uint64{}
	for route, h := range server.Stats().Histograms.Handlers {
		if n := h.Count(); n > 0 && route != "test.id" {
			counts[route] = n
		}
	}
	return counts
}

func TestHistograms_Handlers(t *testing.T) {
	t.Parallel()
	g := newGate()
	nothing := func(*core.Context) (any, error) { return nil, nil }
	server := newServer(t, core.Options{Loops: 2})
	tellID(server)
	g.route(echo)(server)
	server.Handle("test", "nothing", nothing)
	server.Handle("test", "fails", func(*core.Context) (any, error) { return nil, errors.New("no luck") })
	server.Handle("test", "forbidden", nothing, core.Require("claim:role == admin"))
	server.Handle("a.b", "c", nothing)
	server.Handle("a", "b.c", nothing)
	server.Handle("test", "never", nothing)
	require.Empty(t, server.Stats().Histograms.Handlers, "it does not run yet")
	stop := run(t, server)
	routes := slices.Sorted(maps.Keys(server.Stats().Histograms.Handlers))
	require.Equal(t, slices.Compact(server.Routes()), routes, "who has not been called is there, too")

	c, other := onTwoLoops(t, server, func() *client { return connect(t, server) })
	for _, who := range []*client{c, other} {
		for _, action := range []string{"nothing", "fails", "forbidden", "unknown"} {
			who.ask(`{"type":"test","action":"` + action + `"}`)
		}
	}
	c.ask(`{"type":"a.b","action":"c"}`)
	c.ask(`{"type":"a","action":"b.c"}`)
	want := map[string]uint64{"test.nothing": 2, "test.fails": 2, "a.b.c": 2}
	require.Equal(t, want, handled(server))

	g.held(c, 1)
	require.Equal(t, want, handled(server), "it runs still")
	g.pass(1)
	require.Equal(t, heldReply(1), c.receive())
	want["test.held"] = 1
	require.Equal(t, want, handled(server))
	require.Positive(t, server.Stats().Histograms.Handlers["test.held"].Sum)

	g.held(c, 2)
	require.NoError(t, c.conn.WriteClose(1000, nil))
	c.end()
	eventually(t, func() bool { return server.Stats().Clients == 1 }, "it goes meanwhile")
	g.pass(1)
	want["test.held"] = 2
	eventually(t, func() bool { return maps.Equal(want, handled(server)) }, "it is counted all the same")

	require.NoError(t, stop())
	require.Equal(t, want, handled(server), "what loops have counted is kept when they end")
	server.Handle("test", "more", nothing)
	run(t, server)
	last := connect(t, server)
	last.ask(`{"type":"test","action":"more"}`)
	last.ask(`{"type":"test","action":"nothing"}`)
	want["test.more"], want["test.nothing"] = 1, 3
	require.Equal(t, want, handled(server), "and goes on when it runs again")
}

func TestHandle_RefusesRoutesThatNobodyCanName(t *testing.T) {
	server := newServer(t, core.Options{})
	server.Handle("\xff", "a", echo)
	require.ErrorContains(t, server.Run(t.Context()), "is not UTF-8")
}

func TestHistograms_FanOut(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{Loops: 2})
	for range 12 {
		connect(t, server).join("r")
	}
	before := server.Stats()
	message := newMessage("t", "a", nil)
	for _, to := range []core.Target{core.Room("r"), core.Room("nobody's"), core.Users("nobody"), core.All()} {
		_, err := server.Publish(core.Publication{To: to, Message: message})
		require.NoError(t, err)
	}
	_, err := server.Publish(core.Publication{To: core.All().Where("no condition"), Message: message})
	require.Error(t, err)
	after := server.Stats()
	h := after.Histograms.FanOut
	require.Equal(t, before.Histograms.FanOut.Sum+24, h.Sum)
	require.EqualValues(t, 4, h.Count()-before.Histograms.FanOut.Count(), "what fails does not count")
	require.EqualValues(t, 2, h.Counts[0]-before.Histograms.FanOut.Counts[0], "two are for nobody")
	require.EqualValues(t, 2, h.Counts[3]-before.Histograms.FanOut.Counts[3], "two for twelve")
}

// What an event loop has no room for has reached nobody.
func TestHistograms_FanOutOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	server, stuck, _, release := busyLoop(t, core.Options{MaxInbox: 8 << 10})
	before := server.Stats()
	for {
		if _, err := server.Publish(note{"fill", 0}.to(core.Room("r"))); err != nil {
			require.ErrorIs(t, err, core.ErrOverloaded)
			break
		}
	}
	release()
	stuck.receive()
	after := server.Stats()
	require.Equal(t, after.Published-before.Published, after.Histograms.FanOut.Count()-before.Histograms.FanOut.Count())
}

// All that is written to clients is in the batches, and messages that are published
// together are in one.
func TestHistograms_Batches(t *testing.T) {
	t.Parallel()
	options := core.Options{Loops: 2}
	trusting := withTLS(t, &options)
	server := start(t, options)
	var clients []*client
	for range 4 {
		clients = append(clients, connect(t, server), connectTLS(t, server, trusting))
	}
	for _, c := range clients {
		c.join("r")
	}
	var together []core.Publication
	for n := range 20 {
		together = append(together, note{"all", n}.to(core.Room("r")))
	}
	eventually(t, func() bool {
		before := server.Stats().Histograms.Batches
		_, err := server.PublishAll(together)
		require.NoError(t, err)
		for _, c := range clients {
			c.receiveNotes("all", 0, 20)
		}
		stats := server.Stats()
		after := stats.Histograms.Batches
		require.Equal(t, float64(stats.FramesOut), after.Sum)
		require.Equal(t, before.Sum+8*20, after.Sum)
		return after.Counts[5]-before.Counts[5] == 8 && after.Count()-before.Count() == 8
	}, "one write with 20 for each, unless a loop looks for work in between")
}

func TestHistograms_LoopLag(t *testing.T) {
	t.Parallel()
	server, stuck, _, release := busyLoop(t, core.Options{})
	eventually(t, func() bool { return server.Health().LoopLagMillis >= 500 }, "it lags")
	release()
	stuck.receive()
	eventually(t, func() bool {
		h := server.Stats().Histograms.LoopLag
		above := core.Histogram{Counts: h.Counts[slices.Index(h.Bounds, 0.5)+1:]}
		return above.Count() >= 1 && h.Count() > above.Count() && h.Sum >= 0.5
	}, "the question is counted, and so are those of the other loop")
}

// The largest backlog is that of one client, and over with it.
func TestStats_LargestBacklog(t *testing.T) {
	t.Parallel()
	server := start(t, core.Options{Loops: 2, MaxBacklog: 16 << 20, CloseTimeout: time.Second}) // it sweeps four times in that
	one, other := cramped(t, server), cramped(t, server)
	upgrade(t, server, one)
	upgrade(t, server, other)
	message := codec.NewMessage(codec.OpText, make([]byte, 10_000))
	for range 100 {
		_, err := server.Publish(core.Publication{To: core.All(), Message: message})
		require.NoError(t, err)
	}
	eventually(t, func() bool {
		stats := server.Stats()
		return stats.Backlog > 500_000 && stats.LargestBacklog > stats.Backlog/3 && stats.LargestBacklog <= stats.Backlog*2/3
	}, "each of both has about half")
	require.NoError(t, one.Close())
	require.NoError(t, other.Close())
	eventually(t, func() bool { return server.Stats().LargestBacklog == 0 }, "it is over")
}
