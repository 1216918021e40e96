package core_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func TestHooks_ClientComesSpeaksAndGoes(t *testing.T) {
	told := make(chan string, 100)
	options := core.Options{Loops: 1, JWTSecret: broadcastSecret, Hooks: core.Hooks{
		Started:   func(s *core.Server) { told <- "started " + s.State().String() },
		Connected: func(c *core.Context) { told <- "connected " + c.User().ID },
		Message:   func(c *core.Context) { told <- "message " + string(c.Data()) },
		Disconnected: func(d core.Departure) {
			told <- "disconnected " + d.User.ID + " " + d.Reason.String() + " " + d.ClientID.String()
		},
	}}
	server := start(t, options)
	require.Equal(t, "started running", <-told)
	c := connect(t, server, "token="+tokenFor(t, "ada"))
	greeting := c.receive()
	require.Equal(t, "connected ada", <-told)
	c.ask(`{"type":"un","action":"known","data":{"x":1}}`)
	require.Equal(t, `message {"x":1}`, <-told, "whether there is a handler or not")
	c.ask(`not an envelope`)
	require.NoError(t, c.conn.WriteClose(1000, nil))
	gone := <-told
	require.Regexp(t, `^disconnected ada peer_closed [0-9a-f]{32}$`, gone)
	require.Contains(t, greeting, gone[len(gone)-32:], "the id that it was greeted with")
	require.Empty(t, told)
}

func TestHooks_ConnectedMayJoin(t *testing.T) {
	server := start(t, core.Options{Hooks: core.Hooks{Connected: func(c *core.Context) {
		assert.NoError(t, c.Join("lobby"))
		assert.Equal(t, []string{"lobby"}, c.Rooms())
	}}})
	c := connect(t, server)
	c.quiet()
	n, err := server.Publish(core.Publication{To: core.Room("lobby"), Message: newMessage("t", "a", nil)})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, `{"type":"t","action":"a"}`, c.receive())
}

func TestHooks_JoinRefuses(t *testing.T) {
	server := start(t, core.Options{SingleRoom: true, Hooks: core.Hooks{Join: func(c *core.Context, room string) error {
		switch room {
		case "told":
			return &core.Error{Text: "Members only", Code: "MEMBERS_ONLY"}
		case "silent":
			return errors.New("the database says no at 10.0.0.7")
		}
		return nil
	}}})
	c := connect(t, server)
	c.join("open")
	for room, want := range map[string]string{
		"told":   `"success":false,"error":"Members only","code":"MEMBERS_ONLY"`,
		"silent": `"success":false,"error":"You may not join this room","code":"JOIN_REFUSED"`,
	} {
		reply := c.ask(`{"type":"system","action":"joinRoom","data":{"roomName":"` + room + `"}}`)
		require.Contains(t, reply, want)
		require.NotContains(t, reply, "10.0.0.7")
	}
	c.join("open") // still there: a refusal must not cost the room one is in
	require.EqualValues(t, 2, server.Stats().JoinsRefused)
	require.EqualValues(t, 1, server.Stats().Rooms)
}

func TestHooks_Error(t *testing.T) {
	told := make(chan string, 10)
	server := start(t, core.Options{Hooks: core.Hooks{Error: func(_ *core.Context, err error) { told <- err.Error() }}},
		func(s *core.Server) {
			s.Handle("test", "public", func(*core.Context) (any, error) { return nil, &core.Error{Text: "No"} })
			s.Handle("test", "private", func(*core.Context) (any, error) { return nil, errors.New("private") })
			s.Handle("test", "panic", func(*core.Context) (any, error) { panic("at the disco") })
		})
	c := connect(t, server)
	c.ask(`{"type":"test","action":"public"}`)
	c.ask(`{"type":"test","action":"private"}`)
	require.Equal(t, "private", <-told, "and nothing of what the client was told")
	c.send(`{"type":"test","action":"panic"}`)
	require.Equal(t, "panic: at the disco", <-told)
	require.EqualValues(t, 1011, c.end().code)
}

func TestHooks_PanicsCostOneClientAtMost(t *testing.T) {
	explode := func(*core.Context) { panic("hook") }
	for name, hooks := range map[string]core.Hooks{
		"connected":    {Connected: explode},
		"message":      {Message: explode},
		"join":         {Join: func(*core.Context, string) error { panic("hook") }},
		"disconnected": {Disconnected: func(core.Departure) { panic("hook") }},
		"error":        {Message: explode, Error: func(*core.Context, error) { panic("hook") }},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{Loops: 1, Hooks: hooks})
			c := connect(t, server)
			_ = c.conn.WriteString(`{"type":"system","action":"joinRoom","data":{"roomName":"r"}}`)
			if name == "disconnected" {
				c.receive()
				require.NoError(t, c.conn.WriteClose(1000, nil))
			} else {
				require.EqualValues(t, 1011, c.end().code)
			}
			eventually(t, func() bool { return server.Stats().Clients == 0 }, "it has gone")
			require.Positive(t, server.Stats().Panics)
		})
	}
}

// What is published when the last client has gone reaches other nodes, and a hook that
// panics does not keep a server.
func TestHooks_Drained(t *testing.T) {
	hub, log := bus.NewHub(), &lockedLog{}
	other := connect(t, start(t, core.Options{Bus: hub.Join()}))
	server := newServer(t, core.Options{Bus: hub.Join(), Log: slog.New(slog.NewTextHandler(log, nil)), Hooks: core.Hooks{
		Drained: func(s *core.Server) {
			assert.Equal(t, core.StateDraining, s.State())
			_, err := s.Publish(note{"last", s.Stats().Clients}.to(core.All()))
			assert.NoError(t, err)
			panic("hook")
		},
	}})
	for range 2 {
		stop := run(t, server)
		c := connect(t, server)
		stopsInTime(t, stop)
		require.Equal(t, closing{1012, "draining"}, c.end())
		require.Equal(t, note{"last", 0}, other.receiveNote())
		require.Contains(t, log.String(), "hook drained")
	}
}
