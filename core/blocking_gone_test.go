package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Blocking handlers whose client is out of reach when they return, or before.

// parting is a way for a client to be out of reach when its handler returns.
type parting func(t *testing.T, server *core.Server, p *wirePeer, id string)

func partings() map[string]parting {
	return map[string]parting{
		"gone": func(t *testing.T, server *core.Server, p *wirePeer, id string) {
			require.NoError(t, p.conn.Close())
			eventually(t, func() bool { return !server.Alive(wireShardID(t, id)) }, "it has gone")
		},
		"closing": func(t *testing.T, server *core.Server, p *wirePeer, id string) {
			require.True(t, server.Disconnect(wireShardID(t, id), ""))
			opcode, _ := p.frame()
			require.EqualValues(t, 8, opcode)
		},
	}
}

// openHeld opens a connection by hand and has it ask for test.held.
func openHeld(t *testing.T, server *core.Server, g *gate) (p *wirePeer, id string) {
	p = wireOpen(t, server, wireRequest("/ws")+wireFrame(0x81, `{"type":"system","action":"joinRoom"}`))
	id = wireIDIn(t, p.text())
	p.write(wireFrame(0x81, heldRequest(1)))
	next(t, g.entered)
	return p, id
}

// The error of a handler whose client has gone meanwhile is counted and told all
// the same. The hook may ask for the client and learns that it is not there.
func TestBlocking_ErrorsWithoutTheClient(t *testing.T) {
	type counts struct{ errors, panics uint64 }
	cases := map[string]struct {
		handler core.Handler
		told    string
		counts  counts
	}{
		"success": {func(*core.Context) (any, error) { return 1, nil }, "", counts{}},
		"public":  {func(*core.Context) (any, error) { return nil, &core.Error{Text: "No"} }, "", counts{}},
		"private": {func(*core.Context) (any, error) { return nil, errAway }, errAway.Error(), counts{errors: 1}},
		"panic":   {func(*core.Context) (any, error) { panic("at the disco") }, "panic: at the disco", counts{panics: 1}},
	}
	for name, tt := range cases {
		for way, part := range partings() {
			t.Run(name+", "+way, func(t *testing.T) {
				g, told := newGate(), make(chan string, 10)
				hooks := core.Hooks{Error: func(c *core.Context, err error) {
					assert.False(t, c.IsMember("r"))
					assert.Equal(t, core.ErrGone, c.Join("r"))
					assert.Empty(t, c.Info().Rooms)
					told <- c.ClientID().String() + " " + err.Error()
				}}
				server := start(t, core.Options{Loops: 1, CloseTimeout: patience, DrainTimeout: time.Second, Hooks: hooks}, g.route(tt.handler))
				p, id := openHeld(t, server, g)
				part(t, server, p, id)
				g.pass(1)
				eventually(t, func() bool { return server.Stats().Blocking == 0 }, "the handler has returned")
				if tt.told != "" {
					require.Equal(t, id+" "+tt.told, next(t, told))
				}
				other := connect(t, server)
				require.Equal(t, wirePong, other.ask(askPing), "the loop goes on")
				require.Empty(t, told)
				stats := server.Stats()
				require.Equal(t, tt.counts, counts{stats.HandlerErrors, stats.Panics})
			})
		}
	}
}

// The context of a client that has gone fails at once, and never waits.
func TestBlocking_ContextWithoutTheClient(t *testing.T) {
	for way, part := range partings() {
		t.Run(way, func(t *testing.T) {
			g, done := newGate(), make(chan struct{})
			server := start(t, core.Options{Loops: 1, CloseTimeout: patience, DrainTimeout: time.Second}, g.route(func(c *core.Context) (any, error) {
				defer close(done)
				assert.Equal(t, core.ErrGone, c.Join("r"))
				assert.Equal(t, core.ErrGone, c.SetMetadata("k", 1))
				assert.False(t, c.Leave("r"))
				assert.False(t, c.IsMember("r"))
				assert.Nil(t, c.Rooms())
				assert.Nil(t, c.Metadata("k"))
				assert.Equal(t, core.ClientInfo{}, c.Info())
				assert.NoError(t, c.Send("to", "nobody", nil))
				c.Disconnect("again")
				assert.NoError(t, c.Context().Err(), "the server has not gone")
				receivers, err := c.Broadcast(core.Room("others"), "to", "others", 1)
				assert.NoError(t, err)
				assert.Equal(t, 1, receivers)
				return "done", nil
			}))
			other := connect(t, server)
			other.join("others")
			p, id := openHeld(t, server, g)
			part(t, server, p, id)
			g.pass(1)
			next(t, done)
			require.Equal(t, `{"type":"to","action":"others","data":1}`, other.receive())
		})
	}
}
