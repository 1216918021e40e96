package core_test

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// newServer makes a server that a test runs itself.
func newServer(t testing.TB, options core.Options) *core.Server {
	t.Helper()
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.DrainPeriod == 0 {
		options.DrainPeriod = allAtOnce
	}
	server, err := core.New(options)
	require.NoError(t, err)
	return server
}

// stopped makes sure that the server does not run, and holds nothing of before.
func stopped(t *testing.T, server *core.Server) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Contains(t, []core.State{core.StateNew, core.StateStopped}, server.State())
	require.Nil(t, server.Addr())
	require.False(t, server.WaitRunning(ended))
	require.Empty(t, server.Rooms())
	require.Empty(t, server.UserClients("ada"))
	stats := server.Stats()
	require.Equal(t, [5]int{}, [5]int{stats.Connections, stats.Clients, stats.Users, stats.Rooms, stats.Blocking})
	require.Empty(t, stats.Loops)
	receivers, err := server.Publish(note{"nobody", 0}.to(core.All().Here()))
	require.NoError(t, err)
	require.Zero(t, receivers)
}

// A server that has been stopped can be run again: it is as new, but for its
// counters.
func TestRun_SameServerAgain(t *testing.T) {
	h, g, hub := newHeard(), newGate(), bus.NewHub()
	other := start(t, core.Options{Bus: hub.Join()})
	neighbour := connect(t, other)
	server := newServer(t, core.Options{Loops: 2, Bus: hub.Join(), JWTSecret: broadcastSecret})
	for _, prepare := range []func(*core.Server){h.on(bus.Custom), g.route(echo), tellID} {
		prepare(server)
	}
	stopped(t, server)
	descriptors := 0
	for round := range 4 {
		stop := run(t, server)
		require.Equal(t, core.StateRunning, server.State())
		c := connectAs(t, server, "ada")
		c.join("r")
		id := idOf(c)
		g.pass(1)
		require.Equal(t, heldReply(round), c.ask(heldRequest(round)), "blocking routes work")
		require.NoError(t, server.JoinRoom(t.Context(), id, "s"))
		require.Equal(t, 1, server.MemberCount("s"))

		n := note{"round", round}
		_, err := other.Publish(n.to(core.Room("r")))
		require.NoError(t, err)
		require.Equal(t, n, c.receiveNote(), "from the other node")
		_, err = server.Publish(n.to(core.All()))
		require.NoError(t, err)
		require.Equal(t, n, c.receiveNote())
		require.Equal(t, n, neighbour.receiveNote(), "to the other node")
		require.NoError(t, server.SendCustomMessage(n))
		next(t, h)
		require.NoError(t, other.SendCustomMessage(n))
		next(t, h)

		stopsInTime(t, stop)
		require.Equal(t, closing{1012, "draining"}, c.end())
		stopped(t, server)
		require.False(t, server.Alive(id))
		_, err = other.Publish(note{"missed", round}.to(core.Room("r")))
		require.NoError(t, err)
		neighbour.quiet()
		if round == 0 {
			descriptors = openDescriptors(t) // the runtime has its own by now
		}
	}
	require.LessOrEqual(t, openDescriptors(t), descriptors)
	stats := server.Stats()
	require.EqualValues(t, 4, stats.Upgraded, "totals go on")
	require.EqualValues(t, 4, stats.Closed["draining"])
}

func TestRun_OnlyOnceAtATime(t *testing.T) {
	server := newServer(t, core.Options{})
	stop := run(t, server)
	c := connect(t, server)
	for range 2 {
		require.EqualError(t, server.Run(t.Context()), "the server runs already")
	}
	require.Equal(t, wirePong, c.ask(askPing), "nothing has happened to the first")
	require.NoError(t, stop())

	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 10)
	var running sync.WaitGroup
	for range cap(errs) {
		running.Go(func() {
			if err := server.Run(ctx); err != nil {
				errs <- err
			}
		})
	}
	waiting, enough := context.WithTimeout(t.Context(), patience)
	defer enough()
	assert.True(t, server.WaitRunning(waiting))
	cancel()
	running.Wait()
	require.LessOrEqual(t, len(errs), cap(errs)-1, "one at least has run")
	for range len(errs) {
		require.EqualError(t, <-errs, "the server runs already")
	}
}

// A server that could not listen can be run when it can, and whoever waits for it
// waits on.
func TestRun_AfterAFailure(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := newServer(t, core.Options{Addr: taken.Addr().String()})
	waiting, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	waited, begun := make(chan bool, 1), make(chan struct{})
	go func() {
		close(begun)
		waited <- server.WaitRunning(waiting)
	}()
	<-begun
	runtime.Gosched() // it is the other's turn
	require.ErrorContains(t, server.Run(t.Context()), "cannot listen for WebSocket connections")
	stopped(t, server)
	require.NoError(t, taken.Close())
	run(t, server)
	require.True(t, next(t, waited))
	require.Equal(t, taken.Addr().String(), server.Addr().String())
	require.Equal(t, wirePong, connect(t, server).ask(askPing))
}

func TestWaitRunning_Waits(t *testing.T) {
	server := newServer(t, core.Options{})
	for range 2 {
		waiting, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		waited := make(chan bool, 1)
		go func() { waited <- server.WaitRunning(waiting) && server.Addr() != nil }()
		stop := run(t, server)
		require.True(t, next(t, waited))
		require.True(t, server.WaitRunning(waiting), "it runs")
		require.NoError(t, stop())
	}
}

// A subscriber that hangs does not keep Run. As long as it does, the server
// cannot be run again, and no part of it is left behind.
func TestRun_SubscriberHangs(t *testing.T) {
	t.Parallel()
	entered, resume := make(chan struct{}, 10), make(chan struct{})
	log, hub := &lockedLog{}, bus.NewHub()
	server := newServer(t, core.Options{DrainTimeout: 20 * time.Millisecond, Bus: hub.Join(), Log: slog.New(slog.NewTextHandler(log, nil))})
	server.Subscribe(bus.Subscriber{Name: "stubborn", Channel: bus.Custom, Handle: func(context.Context, *bus.Event) (any, error) {
		entered <- struct{}{}
		<-resume
		return nil, nil
	}})
	stop := run(t, server)
	require.NoError(t, server.SendCustomMessage(struct{}{}))
	next(t, entered)
	stopsInTime(t, stop)
	require.Contains(t, log.String(), "stubborn")
	require.Error(t, server.Run(t.Context()))
	stopped(t, server)

	close(resume)
	var err error
	eventually(t, func() bool {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err = server.Run(ended)
		return err == nil || err.Error() != "the dispatcher runs already"
	}, "it lets go")
	require.NoError(t, err)
}

// What outlives a handler can end with the server.
func TestRun_EndsContexts(t *testing.T) {
	kept := make(chan context.Context, 2)
	keep := func(c *core.Context) (any, error) { kept <- c.Context(); return nil, nil }
	server := newServer(t, core.Options{})
	server.Handle("test", "inline", keep)
	server.Handle("test", "blocking", keep, core.Blocking())
	for range 2 {
		stop := run(t, server)
		c := connect(t, server)
		c.ask(`{"type":"test","action":"inline"}`)
		c.ask(`{"type":"test","action":"blocking"}`)
		ours := []context.Context{<-kept, <-kept}
		for _, ctx := range ours {
			require.NoError(t, ctx.Err())
		}
		require.NoError(t, stop())
		for _, ctx := range ours {
			require.Error(t, ctx.Err())
		}
	}
}

// The steps of stopping: who is connected is told, who comes is refused, what
// subscribers hear of it is handled, and only then does Run return.
func TestRun_StopsInOrder(t *testing.T) {
	var mu sync.Mutex
	var steps []string
	step := func(name string) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, name)
	}
	left := make(chan struct{})
	server := newServer(t, core.Options{
		Loops: 1, DrainTimeout: patience,
		Hooks: core.Hooks{
			Disconnected: func(d core.Departure) { step("gone " + d.Reason.String()); close(left) },
			Drained:      func(*core.Server) { step("drained") },
		},
		Bus: &noting{step: step},
	})
	g := newGate()
	g.route(func(c *core.Context) (any, error) {
		step("handler")
		return nil, nil
	})(server)
	stop := run(t, server)
	g.held(connect(t, server), 1)
	ran := make(chan error, 1)
	go func() {
		ran <- stop()
		step("returned")
	}()
	next(t, left)
	g.pass(1)
	require.NoError(t, next(t, ran))
	eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(steps) == 6 }, "all is noted")
	require.Equal(t, []string{"open", "gone draining"}, steps[:2])
	require.ElementsMatch(t, []string{"drained", "close", "handler"}, steps[2:5], "the handler is waited for")
	require.Less(t, slices.Index(steps, "drained"), slices.Index(steps, "close"), "the bus is there for what was published last")
	require.Equal(t, "returned", steps[5])
}

// noting is a bus that notes when it is opened and closed.
type noting struct {
	bus.Local
	step func(string)
}

func (n *noting) Open(bus.Node) error { n.step("open"); return nil }
func (n *noting) Close()              { n.step("close") }

// A handler that waits for its context must not keep the server from stopping.
func TestRun_ReturnsAlthoughAnInlineHandlerWaitsForItsContext(t *testing.T) {
	entered := make(chan struct{})
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Loops: 1, DrainTimeout: 1, DrainPeriod: allAtOnce, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	server.Handle("test", "wait", func(c *core.Context) (any, error) {
		close(entered)
		<-c.Context().Done()
		return nil, nil
	})
	stop := run(t, server)
	c := connect(t, server)
	c.send(`{"type":"test","action":"wait"}`)
	<-entered
	require.NoError(t, stop())
}
