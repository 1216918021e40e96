package core_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// What was asked before the close is answered before it.
func TestWire_Close_BehindReplies(t *testing.T) {
	server := start(t, core.Options{})
	ping := wireFrame(0x81, `{"type":"system","action":"ping"}`)
	for want, bytes := range map[closing]string{
		{1000, ""}:                  wireClose(1000, ""),
		{1002, "frame not masked"}:  "\x81\x02{}",
		{1007, "invalid utf-8"}:     wireFrame(0x81, "\xff"),
		{1002, "reserved bits set"}: wireFrame(0xc1, "{}"),
	} {
		t.Run(want.reason, func(t *testing.T) {
			p := wireOpen(t, server, wireRequest("/ws")+ping+ping+bytes)
			require.Equal(t, wirePong, p.text())
			require.Equal(t, wirePong, p.text())
			require.Equal(t, want, p.closed())
		})
	}
}

func TestWire_Close_EndsMembership(t *testing.T) {
	server := start(t, core.Options{})
	p := wireOpen(t, server, wireRequest("/ws")+wireFrame(0x81, wireJoin(`"general"`)))
	require.Contains(t, p.text(), `"success":true`)
	require.Equal(t, 1, wireReach(t, server, core.Room("general"), "x"))
	p.text()
	p.write(wireClose(1000, ""))
	require.Equal(t, closing{1000, ""}, p.closed())
	require.Zero(t, wireReach(t, server, core.Room("general"), "x"))
}

func TestWire_Close_TooBig(t *testing.T) {
	tooBig := closing{1009, "message too big"}
	padded := func(size int) string { return strings.Repeat(" ", size-len(`{}`)) + `{}` }
	tests := []struct {
		name string
		max  core.Size
		size int
	}{
		{"default", 0, 64 << 10},
		{"smaller", 100, 100},
		{"larger", 1 << 20, 1 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := start(t, core.Options{MaxMessageSize: tt.max})
			c := connect(t, server)
			require.Equal(t, wireNoType, c.ask(padded(tt.size)), "the largest")
			c.sendBinary(padded(tt.size))
			require.Equal(t, wireNoType, c.receive())
			require.NoError(t, c.conn.WriteString(padded(tt.size+1)))
			require.Equal(t, tooBig, c.end())
		})
	}
}

func TestWire_Close_TooBigByHeadOrFragments(t *testing.T) {
	half := strings.Repeat(" ", 60)
	for name, bytes := range map[string]string{
		"announced, 16 bits": "\x81\xfe\x00\x7f\x00\x00\x00\x00",
		"announced, 64 bits": "\x82\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00",
		"fragments":          wireFrame(0x01, half) + wireFrame(0x00, "") + wireFrame(0x80, half),
		"unfinished":         wireFrame(0x02, half) + wireFrame(0x00, half),
	} {
		t.Run(name, func(t *testing.T) {
			p := wireOpen(t, start(t, core.Options{MaxMessageSize: 100}), wireRequest("/ws"))
			p.write(bytes)
			require.Equal(t, closing{1009, "message too big"}, p.closed())
		})
	}
}

// rest is what a client whose connection has ended got and was not looked at.
func (c *client) rest() (texts []string) {
	for len(c.messages) > 0 {
		texts = append(texts, (<-c.messages).text)
	}
	return texts
}

func TestWire_Close_Disconnect(t *testing.T) {
	server := start(t, core.Options{Loops: 1})
	c, other := connect(t, server), connect(t, server)
	c.join("general")
	other.join("general")
	id := wireShardID(t, wireID(c))
	wireReach(t, server, core.Room("general"), "before")
	require.True(t, server.Disconnect(id, ""))
	require.Equal(t, closing{1008, "disconnected"}, c.end())
	require.Equal(t, []string{`{"type":"test","action":"before"}`}, c.rest(), "what came before is not lost")
	eventually(t, func() bool { return !server.Alive(id) }, "the client stays")
	require.Equal(t, 1, wireReach(t, server, core.Room("general"), "after"))
	require.Equal(t, `{"type":"test","action":"before"}`, other.receive())
	require.Equal(t, `{"type":"test","action":"after"}`, other.receive(), "others stay")

	require.False(t, server.Disconnect(id, ""), "it has gone")
	require.False(t, server.Disconnect(shard.ID{}, ""))
	foreign, ok := shard.ParseID(strings.Repeat("0123456789abcdef", 2))
	require.True(t, ok)
	require.False(t, server.Disconnect(foreign, ""))
	other.quiet()
}

// Once the close frame is out no request is handled, and none has an effect.
func TestWire_Close_NothingIsHeardAfter(t *testing.T) {
	var handled atomic.Int32
	server := start(t, core.Options{CloseTimeout: patience}, func(s *core.Server) {
		s.Handle("test", "count", func(*core.Context) (any, error) { return handled.Add(1), nil })
	})
	count := wireFrame(0x81, `{"type":"test","action":"count"}`)
	p := wireOpen(t, server, wireRequest("/ws")+count+wireFrame(0x81, `{"type":"system","action":"joinRoom"}`))
	require.Equal(t, `{"type":"test","action":"count","response":1}`, p.text())
	require.True(t, server.Disconnect(wireShardID(t, wireIDIn(t, p.text())), ""))
	opcode, payload := p.frame()
	require.EqualValues(t, 8, opcode)
	require.Equal(t, "\x03\xf0disconnected", payload)
	p.write(count + wireFrame(0x81, wireJoin(`"general"`)) + wireFrame(0x89, "ping") + wireClose(1008, "") + count)
	p.eof()
	require.EqualValues(t, 1, handled.Load())
	require.Zero(t, server.Stats().Rooms)
}

func TestWire_Close_Drain(t *testing.T) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", JWTSecret: wireSecret, Loops: 2, DrainPeriod: allAtOnce})
	require.NoError(t, err)
	stop := run(t, server)
	var clients []*client
	for range 8 {
		clients = append(clients, connect(t, server))
	}
	clients = append(clients, wireUser(t, server, "5"))
	require.Equal(t, len(clients), wireReach(t, server, core.All(), "last"))
	require.NoError(t, stop())
	for _, c := range clients {
		require.Equal(t, closing{1012, "draining"}, c.end())
		require.Equal(t, []string{`{"type":"test","action":"last"}`}, c.rest(), "what came before is not lost")
	}
}

// While a drain waits for its clients, others are sent elsewhere.
func TestWire_Close_DrainRefusesUpgrades(t *testing.T) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", CloseTimeout: patience, DrainTimeout: patience, DrainPeriod: allAtOnce})
	require.NoError(t, err)
	stop := run(t, server)
	p := wireOpen(t, server, wireRequest("/ws"))
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	opcode, payload := p.frame()
	require.EqualValues(t, 8, opcode)
	require.Equal(t, "\x03\xf4draining", payload)

	status, body := wireRefused(t, server, wireRequest("/ws"))
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, `{"error":"Server is draining","code":"DRAINING"}`, body)
	p.write(wireFrame(0x81, `{"type":"system","action":"ping"}`)) // not heard any more
	p.write(wireClose(1012, ""))
	p.eof()
	require.NoError(t, p.conn.Close())
	require.NoError(t, <-stopped)
}

// A client that does not read is closed behind whole messages, without a gap
// between them.
func TestWire_Close_SlowConsumer(t *testing.T) {
	server := start(t, core.Options{MaxBacklog: 64 << 10, CloseTimeout: patience, Loops: 1})
	p := wireOpen(t, server, wireRequest("/ws")+wireFrame(0x81, wireJoin(`"general"`)))
	require.Contains(t, p.text(), `"success":true`)
	data := strings.Repeat("x", 30000)
	sent := 0
	for receivers := 1; receivers > 0; sent++ {
		require.Less(t, sent, 10000, "its socket takes everything")
		event := newMessage("test", "fill", []byte(`{"n":`+strconv.Itoa(sent)+`,"x":"`+data+`"}`))
		var err error
		receivers, err = server.Publish(core.Publication{To: core.Room("general"), Message: event})
		require.NoError(t, err)
		server.Stats() // has been through the loop behind it
	}
	for n := 0; ; n++ {
		opcode, payload := p.frame()
		if opcode == 8 {
			require.Equal(t, "\x03\xf5slow consumer", payload)
			require.Less(t, n, sent, "all were delivered")
			return
		}
		var event struct{ Data struct{ N int } }
		require.NoError(t, json.Unmarshal([]byte(payload), &event))
		require.Equal(t, n, event.Data.N)
	}
}
