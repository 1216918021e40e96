package core_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// crews is clients of both nodes of a tier: of each, ada and an anonymous one in
// room r, and one more user in room s.
func crews(t *testing.T, b tier) (here, there *crew) {
	here, there = &crew{server: b.here}, &crew{server: b.there}
	here.add("ada", connectAs(t, b.here, "ada"), "r")
	here.add("anon", connect(t, b.here), "r")
	here.add("five", connectAs(t, b.here, 5), "s")
	there.add("ada", connectAs(t, b.there, "ada"), "r")
	there.add("anon", connect(t, b.there), "r")
	there.add("six", connectAs(t, b.there, 6), "s")
	require.NoError(t, setMetadata(t, b.here, here.ids["anon"], "level", 3))
	require.NoError(t, setMetadata(t, b.there, there.ids["anon"], "level", 5))
	return here, there
}

func TestNodes_Targets(t *testing.T) {
	b := startTier(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	here, there := crews(t, b)
	foreign := there.ids
	yes := func(*core.ClientView) bool { return true }
	for name, tt := range map[string]struct {
		to          core.Target
		here, there []string
	}{
		"all":                       {core.All(), []string{"ada", "anon", "five"}, []string{"ada", "anon", "six"}},
		"room":                      {core.Room("r"), []string{"ada", "anon"}, []string{"ada", "anon"}},
		"room without members":      {core.Room("none"), nil, nil},
		"rooms":                     {core.Rooms("r", "s"), []string{"ada", "anon", "five"}, []string{"ada", "anon", "six"}},
		"user":                      {core.Users("ada"), []string{"ada"}, []string{"ada"}},
		"users":                     {core.Users("5", "6"), []string{"five"}, []string{"six"}},
		"client here":               {core.Client(here.ids["anon"]), []string{"anon"}, nil},
		"client there":              {core.Client(foreign["anon"]), nil, []string{"anon"}},
		"clients of both":           {core.Clients(here.ids["ada"], foreign["six"], foreign["anon"]), []string{"ada"}, []string{"anon", "six"}},
		"all but one here":          {core.All().Except(here.ids["ada"]), []string{"anon", "five"}, []string{"ada", "anon", "six"}},
		"all but one there":         {core.All().Except(foreign["ada"]), []string{"ada", "anon", "five"}, []string{"anon", "six"}},
		"room but one there":        {core.Room("r").Except(foreign["ada"]), []string{"ada", "anon"}, []string{"anon"}},
		"rooms but one there":       {core.Rooms("r", "s").Except(foreign["ada"]), []string{"ada", "anon", "five"}, []string{"anon", "six"}},
		"user but one there":        {core.Users("ada").Except(foreign["ada"]), []string{"ada"}, nil},
		"where":                     {core.All().Where("meta:level > 3"), nil, []string{"anon"}},
		"room where":                {core.Room("r").Where("user == ada"), []string{"ada"}, []string{"ada"}},
		"here":                      {core.All().Here(), []string{"ada", "anon", "five"}, nil},
		"client there, but of here": {core.Client(foreign["ada"]).Here(), nil, nil},
		"if":                        {core.Room("r").If(yes), []string{"ada", "anon"}, nil},
		"all of it":                 {core.Rooms("r", "s").Where("user").Except(foreign["six"]), []string{"ada", "five"}, []string{"ada"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := note{name, 1}
			_, err := b.here.Publish(n.to(tt.to))
			require.NoError(t, err)
			require.Equal(t, tt.here, here.got(t, n), "here")
			require.Equal(t, tt.there, there.got(t, n), "there")
		})
	}
	require.Zero(t, b.here.Stats().BusFailures)
}

// The receivers that are counted are this node's.
func TestNodes_ReceiversAreOfThisNode(t *testing.T) {
	b := startTier(t, core.Options{Loops: 1})
	member(t, b.here, "r")
	for range 3 {
		member(t, b.there, "r")
	}
	for server, want := range map[*core.Server]int{b.here: 1, b.there: 3} {
		for _, to := range []core.Target{core.All(), core.Room("r"), core.Rooms("r", "s")} {
			n, err := server.Publish(note{"n", 0}.to(to))
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
	}
}

// A room's messages go where it has members.
func TestNodes_RoomInterest(t *testing.T) {
	hub := bus.NewHub()
	here := start(t, core.Options{Loops: 1, Bus: hub.Join()})
	way := &watchedBus{Bus: hub.Join()}
	there := start(t, core.Options{Loops: 1, Bus: way})
	c := connect(t, there)
	arrived := func() uint64 {
		before := way.delivered.Load()
		_, err := here.Publish(note{"r", 0}.to(core.Room("r")))
		require.NoError(t, err)
		return way.delivered.Load() - before
	}
	require.Zero(t, arrived())
	for range 2 {
		c.join("r")
		require.EqualValues(t, 1, arrived())
		c.receiveNotes("r", 0, 1)
		c.ask(wireLeave(`"r"`))
		c.receive()
		require.Zero(t, arrived())
	}
	c.join("r")
	require.NoError(t, c.conn.NetConn().Close())
	eventually(t, func() bool { return there.MemberCount("r") == 0 }, "it has gone")
	require.Zero(t, arrived())
}

// A node whose event loop has no room for a message says so to its bus, and counts
// nothing as refused here: the other node's publisher learns it.
func TestNodes_NoRoom(t *testing.T) {
	resume, entered := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(resume) })
	t.Cleanup(release)
	b := startTier(t, core.Options{Loops: 1, MaxInbox: 1}, func(s *core.Server) {
		s.Handle("test", "block", func(*core.Context) (any, error) { close(entered); <-resume; return nil, nil })
	})
	c := member(t, b.there, "r")
	c.send(`{"type":"test","action":"block"}`)
	<-entered
	for i := range 3 { // one fits
		_, err := b.here.Publish(note{"r", i}.to(core.Room("r")))
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, b.here.Stats().BusFailures)
	release()
	require.JSONEq(t, `{"type":"test","action":"block"}`, c.receive())
	c.receiveNotes("r", 0, 1)
	require.Zero(t, b.there.Stats().Overloaded)
}

// watchedBus counts the messages that its node is given.
type watchedBus struct {
	bus.Bus
	delivered atomic.Uint64
}

func (b *watchedBus) Open(node bus.Node) error { return b.Bus.Open(watchedNode{node, b}) }

type watchedNode struct {
	bus.Node
	way *watchedBus
}

func (n watchedNode) Deliver(m bus.Message) bool {
	n.way.delivered.Add(1)
	return n.Node.Deliver(m)
}

// What one publisher sends reaches the clients of both nodes once and in order.
func TestNodes_OrderOfEachPublisher(t *testing.T) {
	const each = 200
	b := startTier(t, core.Options{Loops: 2}, relay)
	var all []*client
	for _, server := range []*core.Server{b.here, b.there} {
		for range 3 {
			all = append(all, member(t, server, rooms...))
		}
	}
	one, batches := publishers(b.here)
	by := map[string]func(string, int) error{"one": one, "batches": batches, "from there": throughHandler(t, b.there)}
	var publishing sync.WaitGroup
	for name, publish := range by {
		publishing.Go(func() { assert.NoError(t, publish(name, each)) })
	}
	publishing.Wait()
	for _, c := range all {
		next := map[string]int{}
		for range each * len(by) {
			got := c.receiveNote()
			require.Equal(t, note{got.From, next[got.From]}, got)
			next[got.From]++
		}
		c.quiet()
	}
}

// all are clients of both nodes, and what an event sends to them.
func everybody(t *testing.T, b tier) []*client {
	return []*client{connect(t, b.here), connect(t, b.there), connectAs(t, b.there, "ada")}
}

func TestNode_SendMessageToAll(t *testing.T) {
	h := newHeard()
	b := startTier(t, core.Options{Loops: 1, JWTSecret: broadcastSecret}, h.on(bus.SendMessageToAll))
	all := everybody(t, b)
	message := map[string]any{
		"type": "news", "action": "flash", "data": map[string]any{"a": []int{1, 2}, "b": "<é>"}, "more": nil,
		"workerId": 3, "includeSender": true,
	}
	const want = `{"type":"news","action":"flash","data":{"a":[1,2],"b":"<é>"},"more":null}`
	for name, emit := range map[string]func(string, any) error{
		"from outside": b.outside().Emit, "from a node": b.here.Emit, "from a node's service": b.there.Service().Emit,
	} {
		require.NoError(t, emit(bus.SendMessageToAll, message), name)
		for _, c := range all {
			require.JSONEq(t, want, c.receive(), name)
			c.quiet()
		}
		next(t, h)
		next(t, h) // the subscribers of both nodes
		require.Empty(t, h)
	}
}

func TestNode_MessageError(t *testing.T) {
	b := startTier(t, core.Options{Loops: 1, JWTSecret: broadcastSecret}, tellID)
	all := everybody(t, b)
	const want = `{"type":"error","action":"message","data":{"error":"no \"such\" thing"}}`
	for name, emit := range map[string]func(string, any) error{
		"from outside": b.outside().Emit, "from here": b.here.Emit, "from there": b.there.Emit,
	} {
		for i, c := range all {
			event := map[string]any{"clientId": idOf(c).String(), "error": `no "such" thing`, "includeSender": i == 1}
			require.NoError(t, emit(bus.MessageError, event), name)
			require.Equal(t, want, c.receive(), name)
			for _, other := range all {
				other.quiet()
			}
		}
	}
}

func TestNode_DisconnectClient(t *testing.T) {
	h := newHeard()
	b := startTier(t, core.Options{Loops: 1, JWTSecret: broadcastSecret}, tellID, h.on(bus.ClientDisconnected))
	all := everybody(t, b)
	for i, emit := range []func(string, any) error{b.here.Emit, b.here.Emit, b.outside().Emit} {
		id := idOf(all[i]).String()
		require.NoError(t, emit(bus.DisconnectClient, map[string]any{"clientId": id, "workerId": nil}))
		require.Equal(t, closing{1008, "disconnected"}, all[i].end())
		for range 2 { // it is announced on both nodes
			e := next(t, h)
			got, _ := e.Value("clientId")
			require.Equal(t, id, got)
		}
		for _, other := range all[i+1:] {
			other.quiet()
		}
	}
}

// What makes no sense does nothing.
func TestNode_EventsThatMakeNoSense(t *testing.T) {
	b := startTier(t, core.Options{Loops: 1, JWTSecret: broadcastSecret}, tellID)
	all := everybody(t, b)
	outside := b.hub.Join()
	payloads := []string{
		``, `nonsense`, `null`, `5`, `"text"`, `[]`, `{}`, `{"clientId":5,"error":"x"}`, `{"clientId":null,"error":"x"}`,
		`{"clientId":"short","error":"x"}`, `{"clientId":"` + (shard.ID{}).String() + `","error":"x"}`,
		`{"clientId":"0123456789abcdef0123456789abcdef","error":"x"}`, `{"clientId":"` + idOf(all[0]).String() + `","error":{}}`,
	}
	for _, payload := range payloads {
		for _, channel := range []string{bus.MessageError, bus.DisconnectClient, bus.SendMessageToAll} {
			switch {
			case channel == bus.SendMessageToAll && len(payload) > 0 && payload[0] == '{': // is a message
			case channel == bus.DisconnectClient && payload == payloads[len(payloads)-1]: // has a client
			default:
				require.NoError(t, outside.Emit(&bus.Event{Channel: channel, Payload: []byte(payload)}))
			}
		}
	}
	for _, c := range all {
		c.quiet()
		require.NotZero(t, idOf(c), "it is still there")
	}
}
