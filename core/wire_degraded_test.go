package core_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

var errAway = errors.New("the bus is away: 10.0.0.1 refused")

// wirePending runs a server whose bus confirms rooms when the test says so.
func wirePending(t *testing.T, options core.Options) (*core.Server, *pendingBus) {
	nodes := &pendingBus{asked: make(chan func(error), 16)}
	options.Bus, options.Loops = nodes, 1
	return start(t, options), nodes
}

// confirm is what the bus was last asked to call.
func (b *pendingBus) confirm(t *testing.T) func(error) {
	t.Helper()
	select {
	case done := <-b.asked:
		return done
	case <-time.After(patience):
		t.Fatal("the bus was not asked")
		return nil
	}
}

func TestWire_Pending_ReplyWaits(t *testing.T) {
	const joined = `{"type":"system","action":"joinRoom","response":{"success":true,"message":"Successfully joined room: general",` +
		`"data":{"userId":5,"userType":"user","username":"Anna","roomName":"general","joinedAt":"TIME","clientId":"ID"}`
	tests := []struct {
		name   string
		answer error
		want   string
	}{
		{"confirmed", nil, joined + `},"id":"j"}`},
		{"away", errAway, joined + `,"degraded":true},"id":"j"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, nodes := wirePending(t, core.Options{})
			c, other := connect(t, server), connect(t, server)
			me := wireID(c)
			c.send(`{"type":"system","action":"joinRoom","id":"j","data":{"roomName":"general","userId":5,"username":"Anna"}}`)
			done := nodes.confirm(t)
			c.quiet()
			require.Equal(t, wirePong, c.ask(`{"type":"system","action":"ping"}`), "other requests go on")
			require.Equal(t, wirePong, other.ask(`{"type":"system","action":"ping"}`), "and other clients")
			require.Contains(t, c.ask(`nope`), "Failed to parse JSON")

			done(tt.answer)
			require.JSONEq(t, tt.want, wireMask(c.receive(), me))
			c.quiet()
			require.Equal(t, 1, wireReach(t, server, core.Room("general"), "now"), "the join holds")
			require.Equal(t, `{"type":"test","action":"now"}`, c.receive())
		})
	}
}

// What the reply echoes is not lost in the buffer that later input overwrites.
func TestWire_Pending_ReplyKeepsItsData(t *testing.T) {
	server, nodes := wirePending(t, core.Options{})
	c, other := connect(t, server), connect(t, server)
	me := wireID(c)
	labels := []string{
		`"userId":"` + strings.Repeat("i", 500) + `"`,
		`"username":{"a":"` + strings.Repeat("n", 500) + `"}`, `"userType":"` + strings.Repeat("t", 500) + `"`,
	}
	c.send(`{"id":"` + strings.Repeat("d", 500) + `",` + wireJoin(`"general"`, labels...)[1:])
	done := nodes.confirm(t)
	for _, filler := range []string{"x", "y", "{", `\u0041`} {
		noise := `{"type":"test","action":"noise","data":"` + strings.Repeat(filler, 6000/len(filler)) + `"}`
		require.Contains(t, other.ask(noise), "UNKNOWN_ROUTE")
		require.Contains(t, c.ask(noise), "UNKNOWN_ROUTE")
	}
	done(nil)
	want := `{"id":"` + strings.Repeat("d", 500) + `","type":"system","action":"joinRoom","response":{"success":true,` +
		`"message":"Successfully joined room: general","data":{` + strings.Join(labels, ",") +
		`,"roomName":"general","joinedAt":"TIME","clientId":"ID"}}}`
	require.JSONEq(t, want, wireMask(c.receive(), me))
}

func TestWire_Pending_SeveralJoins(t *testing.T) {
	server, nodes := wirePending(t, core.Options{})
	c := connect(t, server)
	var confirm []func(error)
	for _, room := range []string{"one", "two", "three"} {
		c.send(`{"id":"` + room + `",` + wireJoin(`"` + room + `"`)[1:])
		confirm = append(confirm, nodes.confirm(t))
	}
	confirm[2](nil)
	require.Contains(t, c.receive(), `"id":"three"`)
	confirm[0](errAway)
	reply := c.receive()
	require.Contains(t, reply, `"id":"one"`)
	require.Contains(t, reply, `"degraded":true`)
	confirm[1](nil)
	reply = c.receive()
	require.Contains(t, reply, `"id":"two"`)
	require.NotContains(t, reply, "degraded")
}

// A second join of the same room waits too: nothing is confirmed yet.
func TestWire_Pending_JoinTwice(t *testing.T) {
	server, nodes := wirePending(t, core.Options{})
	c := connect(t, server)
	c.send(wireJoin(`"general"`))
	first := nodes.confirm(t)
	c.send(wireJoin(`"general"`))
	second := nodes.confirm(t)
	c.quiet()
	first(nil)
	require.Contains(t, c.receive(), `"success":true`)
	second(nil)
	require.Contains(t, c.receive(), `"success":true`)
	require.Equal(t, 1, wireReach(t, server, core.Room("general"), "once"))
	require.Equal(t, `{"type":"test","action":"once"}`, c.receive())
}

// A join that is refused asks the bus nothing and waits for nothing.
func TestWire_Pending_RefusedAtOnce(t *testing.T) {
	server, nodes := wirePending(t, core.Options{})
	c := connect(t, server)
	require.Contains(t, c.ask(wireJoin(`"{"`)), `"BAD_ROOM_NAME"`)
	require.Contains(t, c.ask(wireJoin(`""`)), `"Room name is required"`)
	require.Empty(t, nodes.asked)
}

// A confirmation for a client that has gone reaches nobody, not even the one
// that has its place.
func TestWire_Pending_ClientHasGone(t *testing.T) {
	for name, answer := range map[string]error{"confirmed": nil, "away": errAway} {
		t.Run(name, func(t *testing.T) {
			server, nodes := wirePending(t, core.Options{})
			gone := connect(t, server)
			id := wireShardID(t, wireID(gone))
			gone.send(wireJoin(`"general"`))
			done := nodes.confirm(t)
			require.NoError(t, gone.conn.NetConn().Close())
			eventually(t, func() bool { return !server.Alive(id) }, "the client stays")

			heir := connect(t, server)
			require.Equal(t, id.Slot(), wireShardID(t, wireID(heir)).Slot(), "the heir has the place")
			heir.send(`{"id":"heir",` + wireJoin(`"other"`)[1:])
			own := nodes.confirm(t)
			done(answer)
			own(nil) // behind the other on the loop
			require.Contains(t, heir.receive(), `"id":"heir"`)
			heir.quiet()
			require.Zero(t, wireReach(t, server, core.Room("general"), "x"))
			require.Zero(t, server.Stats().Panics)
		})
	}
}

// A client that is being closed gets no reply behind its close frame.
func TestWire_Pending_ClientIsClosing(t *testing.T) {
	server, nodes := wirePending(t, core.Options{})
	p := wireOpen(t, server, wireRequest("/ws")+wireFrame(0x81, `{"type":"system","action":"joinRoom"}`))
	id := wireShardID(t, wireIDIn(t, p.text()))
	p.write(wireFrame(0x81, wireJoin(`"general"`)))
	done := nodes.confirm(t)
	require.True(t, server.Disconnect(id, ""))
	opcode, _ := p.frame()
	require.EqualValues(t, 8, opcode)
	done(nil)
	server.Stats() // has been through the loop behind it
	p.write(wireClose(1008, ""))
	p.eof()
}

// A client that has left the room before the confirmation stays out of it, and
// goes on.
func TestWire_Pending_LeftTheRoom(t *testing.T) {
	for name, answer := range map[string]error{"confirmed": nil, "away": errAway} {
		t.Run(name, func(t *testing.T) {
			server, nodes := wirePending(t, core.Options{})
			c := connect(t, server)
			c.send(wireJoin(`"general"`))
			done := nodes.confirm(t)
			require.Equal(t, wireLeftEvent("general"), c.ask(wireLeave(`"general"`)))
			require.Contains(t, c.receive(), `"Successfully left room: general"`)
			done(answer)
			require.Zero(t, wireReach(t, server, core.Room("general"), "x"))
			require.Contains(t, c.receive(), `"action":"joinRoom"`, "the request has its one reply")
			require.Equal(t, wirePong, c.ask(`{"type":"system","action":"ping"}`))
			c.quiet()
		})
	}
}

// scriptedBus notes the calls in their order, and answers at once.
type scriptedBus struct {
	bus.Local
	standing bool
	answer   error
	calls    chan string
}

func (b *scriptedBus) Enter(room string) { b.calls <- "enter " + room }
func (b *scriptedBus) Leave(room string) { b.calls <- "leave " + room }

func (b *scriptedBus) Standing(room string) bool {
	b.calls <- "standing " + room
	return b.standing
}

func (b *scriptedBus) Await(room string, done func(error)) {
	b.calls <- "await " + room
	done(b.answer)
}

func (b *scriptedBus) noted() (calls []string) {
	for len(b.calls) > 0 {
		calls = append(calls, <-b.calls)
	}
	return calls
}

func TestWire_Pending_OrderOfCalls(t *testing.T) {
	tests := []struct {
		name     string
		standing bool
		answer   error
		want     []string
		degraded bool
	}{
		{"standing", true, errAway, []string{"enter general", "standing general"}, false},
		{"confirmed within Await", false, nil, []string{"enter general", "standing general", "await general"}, false},
		{"away within Await", false, errAway, []string{"enter general", "standing general", "await general"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nodes := &scriptedBus{standing: tt.standing, answer: tt.answer, calls: make(chan string, 64)}
			c := connect(t, start(t, core.Options{Bus: nodes}))
			reply := c.ask(wireJoin(`"general"`))
			require.Contains(t, reply, `"success":true`)
			require.Equal(t, tt.degraded, strings.Contains(reply, `"degraded":true`))
			require.NotContains(t, reply, "10.0.0.1")
			require.Equal(t, tt.want, nodes.noted())
			c.ask(wireJoin(`"general"`))
			require.Equal(t, tt.want[1:], nodes.noted(), "a member again: no second entry")
			c.ask(wireLeave(`"general"`))
			c.receive()
			require.Equal(t, []string{"leave general"}, nodes.noted())
		})
	}
}
