package core_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// A handler that waits holds up neither its loop nor other requests of its own
// client.
func TestBlocking_LoopGoesOn(t *testing.T) {
	g := newGate()
	server := start(t, core.Options{Loops: 1}, g.route(echo))
	c, other := connect(t, server), connect(t, server)
	g.held(c, 1)
	require.Equal(t, wirePong, c.ask(askPing), "it overtakes")
	require.Equal(t, wirePong, other.ask(askPing))
	require.Equal(t, 1, server.Stats().Blocking)
	g.pass(1)
	require.Equal(t, heldReply(1), c.receive())
	require.Zero(t, server.Stats().Blocking)
	other.quiet()
}

// The request is a copy: the socket's buffer is used for what comes behind it.
func TestBlocking_RequestIsACopy(t *testing.T) {
	g := newGate()
	server := start(t, core.Options{Loops: 1}, g.route(echo))
	c := connect(t, server)
	data, id := strings.Repeat("d", 700), strings.Repeat("i", 300)
	c.send(`{"id":"` + id + `","type":"test","action":"held","data":"` + data + `"}`)
	next(t, g.entered)
	require.Contains(t, c.ask(noise), "UNKNOWN_ROUTE")
	g.pass(1)
	require.Equal(t, `{"type":"test","action":"held","response":"\"`+data+`\"","id":"`+id+`"}`, c.receive())
}

func TestBlocking_OneAtATimeInOrder(t *testing.T) {
	const requests = 200
	g := newGate()
	g.pass(requests)
	var running atomic.Int32
	server := start(t, core.Options{BlockingWorkers: 8, MaxBlockingPerClient: requests}, g.route(func(c *core.Context) (any, error) {
		assert.EqualValues(t, 1, running.Add(1), "at once")
		defer running.Add(-1)
		return echo(c)
	}))
	c := connect(t, server)
	for n := range requests {
		c.send(heldRequest(n))
	}
	for n := range requests {
		require.Equal(t, heldReply(n), c.receive())
		require.Equal(t, fmt.Sprint(n), next(t, g.entered))
	}
}

// A client that waits for each reply has one request at a time, whatever else is
// to be done when its handler has returned.
func TestBlocking_OneAfterTheOther(t *testing.T) {
	const requests = 500
	g := newGate()
	g.pass(requests)
	server := start(t, core.Options{MaxBlocking: 1, MaxBlockingPerClient: 1}, g.route(echo))
	c := connect(t, server)
	for n := range requests {
		require.Equal(t, heldReply(n), c.ask(heldRequest(n)))
	}
}

// Handlers of different clients run at the same time: these wait for each other.
func TestBlocking_ClientsAtTheSameTime(t *testing.T) {
	const clients = 8
	var all sync.WaitGroup
	all.Add(clients)
	server := start(t, core.Options{BlockingWorkers: clients}, func(s *core.Server) {
		s.Handle("test", "meet", func(*core.Context) (any, error) { all.Done(); all.Wait(); return "met", nil }, core.Blocking())
	})
	var those []*client
	for range clients {
		those = append(those, connect(t, server))
		those[len(those)-1].send(`{"type":"test","action":"meet"}`)
	}
	for _, c := range those {
		require.Equal(t, `{"type":"test","action":"meet","response":"met"}`, c.receive())
	}
}

// A client with many requests holds up another for one of them.
func TestBlocking_LongQueueDelaysNobodyElse(t *testing.T) {
	g := newGate()
	server := start(t, core.Options{Loops: 1, BlockingWorkers: 1}, g.route(echo))
	greedy, modest := connect(t, server), connect(t, server)
	g.held(greedy, 0)
	for n := 1; n < 10; n++ {
		greedy.send(heldRequest(n))
	}
	greedy.ask(askPing) // the loop has seen them all
	modest.send(heldRequest(100))
	modest.ask(askPing)
	g.pass(2)
	require.Equal(t, heldReply(100), modest.receive())
	require.Equal(t, "100", next(t, g.entered))
	g.pass(10)
	for n := range 10 {
		require.Equal(t, heldReply(n), greedy.receive())
	}
}

func TestBlocking_Bounds(t *testing.T) {
	cases := map[string]struct {
		options core.Options
		second  bool // the request of another client is taken
	}{
		"of one client":  {core.Options{MaxBlockingPerClient: 2}, true},
		"of all clients": {core.Options{MaxBlocking: 2}, false},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			g := newGate()
			tt.options.Loops = 1
			server := start(t, tt.options, g.route(echo))
			c, other := connect(t, server), connect(t, server)
			g.held(c, 1)
			c.send(heldRequest(2))
			require.Equal(t, busy+`,"id":3}`, c.ask(heldRequest(3)))
			require.Equal(t, busy+`}`, c.ask(`{"type":"test","action":"held"}`), "without an id")
			refused := uint64(2)
			if tt.second {
				g.held(other, 1)
			} else {
				require.Equal(t, busy+`,"id":1}`, other.ask(heldRequest(1)))
				refused++
			}
			require.Equal(t, refused, server.Stats().Busy)
			require.Zero(t, server.Stats().HandlerErrors, "it is no fault of the handler")

			g.pass(4)
			require.Equal(t, heldReply(1), c.receive())
			require.Equal(t, heldReply(2), c.receive())
			require.Equal(t, heldReply(4), c.ask(heldRequest(4)), "there is room again")
		})
	}
}

func TestBlocking_Errors(t *testing.T) {
	const prefix = `{"type":"error","action":"message","data":{"error":`
	cases := map[string]struct {
		handler core.Handler
		reply   string
		told    string // to the hook; it is then counted, too
	}{
		"public":      {func(*core.Context) (any, error) { return nil, &core.Error{Text: "Not now", Code: "LATER"} }, prefix + `"Not now","code":"LATER"},"id":1}`, ""},
		"private":     {func(*core.Context) (any, error) { return nil, errAway }, prefix + `"Internal error","code":"INTERNAL"},"id":1}`, errAway.Error()},
		"not JSON":    {func(*core.Context) (any, error) { return make(chan int), nil }, prefix + `"Internal error","code":"INTERNAL"},"id":1}`, "chan int"},
		"no response": {func(*core.Context) (any, error) { return nil, nil }, `{"type":"test","action":"held","id":1}`, ""},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			g, told := newGate(), make(chan string, 10)
			hooks := core.Hooks{Error: func(c *core.Context, err error) { told <- string(c.Data()) + err.Error() }}
			server := start(t, core.Options{Hooks: hooks}, g.route(tt.handler))
			g.pass(1)
			require.Equal(t, tt.reply, connect(t, server).ask(heldRequest(1)))
			if tt.told == "" {
				require.Empty(t, told)
				require.Zero(t, server.Stats().HandlerErrors)
				return
			}
			require.Contains(t, next(t, told), tt.told)
			require.EqualValues(t, 1, server.Stats().HandlerErrors)
		})
	}
}

func TestBlocking_PanicEndsItsClient(t *testing.T) {
	for name, handler := range map[string]core.Handler{
		"in the handler":       func(*core.Context) (any, error) { panic("at the disco") },
		"in encoding":          func(*core.Context) (any, error) { return explosive{}, nil },
		"in encoding metadata": func(c *core.Context) (any, error) { return nil, c.SetMetadata("k", explosive{}) },
	} {
		t.Run(name, func(t *testing.T) {
			g, told := newGate(), make(chan string, 10)
			hooks := core.Hooks{Error: func(_ *core.Context, err error) { told <- err.Error() }}
			server := start(t, core.Options{Loops: 1, BlockingWorkers: 1, Hooks: hooks}, g.route(handler))
			guilty, other := connect(t, server), connect(t, server)
			g.held(guilty, 1)
			g.pass(1)
			require.Equal(t, closing{1011, "internal error"}, guilty.end())
			require.Contains(t, next(t, told), "panic: ")
			require.EqualValues(t, 1, server.Stats().Panics)
			require.Zero(t, server.Stats().HandlerErrors)
			require.Equal(t, wirePong, other.ask(askPing))
			g.held(other, 2) // the one worker is alive
			g.pass(1)
			require.EqualValues(t, 1011, other.end().code)
		})
	}
}

func TestBlocking_Context(t *testing.T) {
	g := newGate()
	server := start(t, core.Options{Loops: 1, JWTSecret: broadcastSecret}, g.route(func(c *core.Context) (any, error) {
		assert.Equal(t, "ada", c.User().ID)
		assert.NoError(t, c.Join("a"))
		assert.NoError(t, c.Join("b"))
		assert.Equal(t, &core.Error{Text: "Room name is not allowed", Code: "BAD_ROOM_NAME"}, c.Join("{"))
		assert.ElementsMatch(t, []string{"a", "b"}, c.Rooms())
		assert.True(t, c.Leave("b"))
		assert.False(t, c.Leave("b"))
		assert.True(t, c.IsMember("a"))
		assert.False(t, c.IsMember("b"))
		assert.NoError(t, c.SetMetadata("level", 7))
		assert.Equal(t, "7", string(c.Metadata("level")))
		assert.Nil(t, c.Metadata("other"))
		info := c.Info()
		assert.Equal(t, c.ClientID(), info.ID)
		assert.Equal(t, []string{"a"}, info.Rooms)
		assert.Equal(t, "7", string(info.Metadata["level"]))
		assert.NoError(t, c.Send("to", "sender", 1))
		for _, publish := range []func() (int, error){
			func() (int, error) { return c.Broadcast(core.Room("a"), "to", "room", 2) },
			func() (int, error) {
				return c.Publish(core.Publication{To: core.All(), Message: newMessage("to", "all", 3)})
			},
		} {
			receivers, err := publish()
			assert.NoError(t, err)
			assert.Equal(t, 1, receivers)
		}
		return c.ClientID().String(), nil
	}))
	c := connectAs(t, server, "ada")
	g.pass(1)
	require.Equal(t, wireLeftEvent("b"), c.ask(heldRequest(1)))
	require.Equal(t, `{"type":"to","action":"sender","data":1}`, c.receive())
	require.Equal(t, `{"type":"to","action":"room","data":2}`, c.receive())
	require.Equal(t, `{"type":"to","action":"all","data":3}`, c.receive())
	require.Regexp(t, `^{"type":"test","action":"held","response":"[0-9a-f]{32}","id":1}$`, c.receive())
	require.Equal(t, 1, server.MemberCount("a"))
}

func TestBlocking_ContextDisconnects(t *testing.T) {
	g := newGate()
	server := start(t, core.Options{}, g.route(func(c *core.Context) (any, error) {
		c.Disconnect("enough")
		return nil, nil
	}))
	c := connect(t, server)
	g.held(c, 1)
	g.pass(1)
	require.Equal(t, closing{1008, "enough"}, c.end())
}

func TestBlocking_Controller(t *testing.T) {
	server := start(t, core.Options{Loops: 1}, func(s *core.Server) { s.Controller("chat", &waiting{t: t}, core.Blocking()) })
	c := connect(t, server)
	require.Equal(t, `{"type":"chat","action":"wait","response":true}`, c.ask(`{"type":"chat","action":"wait"}`))
}

// waiting is a controller that asks its client's loop something.
type waiting struct{ t *testing.T }

func (w *waiting) Wait(c *core.Context) (any, error) {
	info, err := c.Server().Client(w.t.Context(), c.ClientID()) // on the loop it would wait for itself
	return info.ID == c.ClientID(), err
}

// What a handler waits for can end with the server, and then Run waits for it.
func TestBlocking_ContextEndsWithTheServer(t *testing.T) {
	g, ended := newGate(), make(chan error, 1)
	g.pass(1)
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", DrainTimeout: 50 * time.Millisecond, DrainPeriod: allAtOnce, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	g.route(func(c *core.Context) (any, error) {
		<-c.Context().Done()
		ended <- c.Context().Err()
		return nil, nil
	})(server)
	stop := run(t, server)
	g.held(connect(t, server), 1)
	stopsInTime(t, stop)
	require.Len(t, ended, 1, "it has returned before Run has")
	require.Error(t, <-ended)
}

// A handler that never returns does not keep Run, and nothing that it does
// afterwards waits or reaches anybody. What waited behind it is dropped.
func TestBlocking_RunReturnsAlthoughAHandlerHangs(t *testing.T) {
	t.Parallel()
	g, log, returned := newGate(), &lockedLog{}, make(chan error, 10)
	server, err := core.New(core.Options{
		Addr: "127.0.0.1:0", Loops: 1, BlockingWorkers: 1, DrainTimeout: 20 * time.Millisecond, DrainPeriod: allAtOnce,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(t, err)
	g.route(func(c *core.Context) (any, error) {
		returned <- errors.Join(c.Join("r"), c.SetMetadata("k", c.IsMember("r")))
		return "too late", nil
	})(server)
	stop := run(t, server)
	c := connect(t, server)
	g.held(c, 1)
	c.send(heldRequest(2))
	c.ask(askPing)
	stopsInTime(t, stop)
	require.Contains(t, log.String(), "handlers of blocking routes still run")
	g.pass(2)
	require.ErrorIs(t, next(t, returned), core.ErrGone)
	require.Empty(t, g.entered, "the second has not begun")
}
