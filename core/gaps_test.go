package core_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// gapBus is a bus that can tell its node of gaps, and whose connection is as a
// test has it.
type gapBus struct {
	bus.Local
	node bus.Node // once it is open

	mu     sync.Mutex
	status bus.Status
}

func (b *gapBus) Open(n bus.Node) error { b.node = n; return nil }

func (b *gapBus) Stats() bus.Stats { return bus.Stats{Status: b.Status(), Published: 5, Bad: 2} }

func (b *gapBus) Status() bus.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

func (b *gapBus) become(s bus.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = s
}

// gap is a gap of which the times are not whole milliseconds.
func gap(change func(*bus.Gap)) bus.Gap {
	from := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.FixedZone("", 3600))
	g := bus.Gap{From: from, To: from.Add(2 * time.Second)}
	change(&g)
	return g
}

const gapTimes = `"from":"2026-01-02T02:04:05.678Z","to":"2026-01-02T02:04:07.679Z"`

func noticeOf(data string) string { return `{"type":"system","action":"gap","data":{` + data + `}}` }

func TestGaps_ClientsAreTold(t *testing.T) {
	nodes := &gapBus{}
	server := start(t, core.Options{Loops: 2, Bus: nodes, NotifyGaps: true})
	x, both, none := member(t, server, "x"), member(t, server, "x", "y"), connect(t, server)
	ofX, ofY := noticeOf(`"roomName":"x",`+gapTimes), noticeOf(`"roomName":"y",`+gapTimes)
	counted := noticeOf(`"roomName":"x",` + gapTimes + `,"count":3`)
	for name, tt := range map[string]struct {
		gap           bus.Gap
		x, both, none []string
	}{
		"a room":       {gap(func(g *bus.Gap) { g.Rooms = []string{"x"} }), []string{ofX}, []string{ofX}, nil},
		"rooms":        {gap(func(g *bus.Gap) { g.Rooms = []string{"x", "elsewhere", "y"} }), []string{ofX}, []string{ofX, ofY}, nil},
		"counted":      {gap(func(g *bus.Gap) { g.Rooms, g.Count = []string{"x"}, 3 }), []string{counted}, []string{counted}, nil},
		"all":          {gap(func(g *bus.Gap) { g.All = true }), []string{noticeOf(gapTimes)}, []string{noticeOf(gapTimes)}, []string{noticeOf(gapTimes)}},
		"a connection": {gap(func(g *bus.Gap) { g.All, g.Rooms = true, []string{"y"} }), []string{noticeOf(gapTimes)}, []string{noticeOf(gapTimes), ofY}, []string{noticeOf(gapTimes)}},
		"events":       {gap(func(g *bus.Gap) { g.Channel = "orders" }), nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			nodes.node.Missed(tt.gap)
			for c, want := range map[*client][]string{x: tt.x, both: tt.both, none: tt.none} {
				for _, one := range want {
					require.Equal(t, one, c.receive())
				}
				c.quiet()
			}
		})
	}
	require.Zero(t, server.Stats().GapNoticesLost)
}

func TestGaps_ClientsAreNotToldUnlessAsked(t *testing.T) {
	nodes := &gapBus{}
	told := make(chan bus.Gap, 1)
	server := start(t, core.Options{Bus: nodes, Hooks: core.Hooks{Missed: func(s *core.Server, g bus.Gap) {
		assert.Equal(t, core.StateRunning, s.State())
		assert.Zero(t, s.Stats().GapNoticesLost, "the hook may ask the event loops")
		told <- g
	}}})
	c := member(t, server, "x")
	missed := gap(func(g *bus.Gap) { g.Rooms, g.All, g.Count = []string{"x"}, true, 3 })
	nodes.node.Missed(missed)
	require.Equal(t, missed, <-told)
	c.quiet()
}

func TestGaps_HookPanics(t *testing.T) {
	log := &lockedLog{}
	nodes := &gapBus{}
	server := start(t, core.Options{Bus: nodes, NotifyGaps: true, Log: slog.New(slog.NewTextHandler(log, nil)), Hooks: core.Hooks{
		Missed: func(*core.Server, bus.Gap) { panic("oh") },
	}})
	c := connect(t, server)
	nodes.node.Missed(gap(func(g *bus.Gap) { g.All = true }))
	require.Equal(t, noticeOf(gapTimes), c.receive())
	require.Contains(t, log.String(), "hook missed")
	require.Contains(t, log.String(), "messages of other nodes may be missing")
}

// manyRooms are the names of rooms, and a hook with which each client joins them.
func manyRooms(count int) (rooms []string, hooks core.Hooks) {
	for i := range count {
		rooms = append(rooms, fmt.Sprint("room", i))
	}
	return rooms, core.Hooks{Connected: func(c *core.Context) {
		for _, room := range rooms {
			_ = c.Join(room)
		}
	}}
}

// The notices for many rooms are more than an inbox holds, and none is lost.
func TestGaps_ManyRooms(t *testing.T) {
	const count = 2000
	rooms, hooks := manyRooms(count)
	nodes := &gapBus{}
	server := start(t, core.Options{Loops: 1, Bus: nodes, NotifyGaps: true, MaxRooms: count, MaxInbox: 16 << 10, Hooks: hooks})
	c := connect(t, server)
	c.quiet()
	nodes.node.Missed(gap(func(g *bus.Gap) { g.Rooms = rooms }))
	for _, room := range rooms {
		require.Equal(t, noticeOf(`"roomName":"`+room+`",`+gapTimes), c.receive())
	}
	require.Zero(t, server.Stats().GapNoticesLost)
	require.Zero(t, server.Stats().Overloaded)
}

// What an event loop that stands still cannot take is given up, and counted, and
// its inbox is left to messages.
func TestGaps_LoopStandsStill(t *testing.T) {
	const count = 500
	rooms, hooks := manyRooms(count)
	nodes := &gapBus{}
	resume, entered := make(chan struct{}), make(chan struct{})
	server := start(t, core.Options{Loops: 1, Bus: nodes, NotifyGaps: true, MaxRooms: count, MaxInbox: 16 << 10, Hooks: hooks}, func(s *core.Server) {
		s.Handle("test", "block", func(*core.Context) (any, error) { close(entered); <-resume; return nil, nil })
	})
	release := sync.OnceFunc(func() { close(resume) })
	t.Cleanup(release)
	c := connect(t, server)
	c.send(`{"type":"test","action":"block"}`)
	<-entered
	nodes.node.Missed(gap(func(g *bus.Gap) { g.Rooms = rooms }))
	n, err := server.Publish(note{"still", 0}.to(core.All()))
	require.NoError(t, err, "there is room for messages")
	require.Equal(t, 1, n)
	release()
	require.Equal(t, `{"type":"test","action":"block"}`, c.receive())
	received := 0
	for message := c.receive(); strings.Contains(message, `"gap"`); message = c.receive() {
		received++
	}
	require.Positive(t, received)
	require.EqualValues(t, count-received, server.Stats().GapNoticesLost)
}

// A full inbox takes no notice either.
func TestGaps_InboxIsFull(t *testing.T) {
	nodes := &gapBus{}
	resume, entered := make(chan struct{}), make(chan struct{})
	server := start(t, core.Options{Loops: 1, Bus: nodes, NotifyGaps: true, MaxInbox: 8 << 10}, func(s *core.Server) {
		s.Handle("test", "block", func(*core.Context) (any, error) { close(entered); <-resume; return nil, nil })
	})
	release := sync.OnceFunc(func() { close(resume) })
	t.Cleanup(release)
	c := connect(t, server)
	c.send(`{"type":"test","action":"block"}`)
	<-entered
	for err := error(nil); err == nil; {
		_, err = server.Publish(note{"fill", 0}.to(core.All()))
	}
	nodes.node.Missed(gap(func(g *bus.Gap) { g.All = true }))
	release()
	require.EqualValues(t, 1, server.Stats().GapNoticesLost)
}

func TestBusStatus(t *testing.T) {
	alone := start(t, core.Options{})
	_, known := alone.BusStatus()
	require.False(t, known)
	require.Nil(t, alone.Stats().Bus)
	require.Nil(t, alone.Health().Bus)

	nodes := &gapBus{}
	server := start(t, core.Options{Bus: nodes})
	away := bus.Status{Since: time.Now(), Problem: "it is away"}
	nodes.become(away)
	status, known := server.BusStatus()
	require.True(t, known)
	require.Equal(t, away, status)
	require.Equal(t, &bus.Stats{Status: away, Published: 5, Bad: 2}, server.Stats().Bus)
	require.EqualValues(t, 2, server.Stats().BusBad)
	require.Equal(t, &away, server.Health().Bus)
	require.Equal(t, "degraded", server.Health().Status)
	require.Equal(t, "the bus to other nodes is not connected: it is away", server.Health().Problem)

	nodes.become(bus.Status{Connected: true})
	require.Equal(t, "healthy", server.Health().Status)
	require.True(t, server.Health().Bus.Connected)
}
