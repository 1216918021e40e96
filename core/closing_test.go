package core_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestDisconnect_Reason(t *testing.T) {
	server := start(t, core.Options{}, tellID)
	long := strings.Repeat("x", 122)
	for name, tt := range map[string]struct{ reason, want string }{
		"none":                      {"", "disconnected"},
		"some":                      {"you have been banned", "you have been banned"},
		"not ASCII":                 {"zu früh", "zu früh"},
		"as long as a frame allows": {long + "1", long + "1"},
		"longer":                    {long + "123", long + "1"},
		"cut between characters":    {long + "ü is two bytes", long},
		"invalid UTF-8":             {"a\xffb\xc3", "a\uFFFDb\uFFFD"},
		"invalid and too long":      {strings.Repeat("x", 121) + "\xff", strings.Repeat("x", 121)},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, server)
			require.True(t, server.Disconnect(idOf(c), tt.reason))
			require.Equal(t, closing{1008, tt.want}, c.end())
		})
	}
	eventually(t, func() bool { return server.Stats().Closed["disconnected"] == 8 }, "counted as what it is")
}

// What a client was sent before is not lost, whoever sent it.
func TestDisconnect_BehindWhatWaits(t *testing.T) {
	server := start(t, core.Options{Loops: 1}, tellID, func(s *core.Server) {
		s.Handle("test", "leave", func(c *core.Context) (any, error) {
			c.Disconnect("goodbye")
			return "done", c.Send("to", "it", nil)
		})
	})
	c := connect(t, server)
	c.send(`{"type":"test","action":"leave"}`)
	require.Equal(t, closing{1008, "goodbye"}, c.end())
	require.Equal(t, `{"type":"test","action":"leave","response":"done"}`, c.receive())
	require.Empty(t, c.messages, "its end was posted before what it sent itself")
}

func TestDisconnectUser(t *testing.T) {
	server := start(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	clients, _ := audience(t, server)
	require.Equal(t, 2, server.DisconnectUser("ada", "logged out"))
	require.Equal(t, closing{1008, "logged out"}, clients["ada1"].end())
	require.Equal(t, closing{1008, "logged out"}, clients["ada2"].end())
	eventually(t, func() bool { return len(server.UserClients("ada")) == 0 }, "they have gone")
	require.Zero(t, server.DisconnectUser("ada", ""))
	require.Zero(t, server.DisconnectUser("eve", ""))
	require.Zero(t, server.DisconnectUser("", ""), "the anonymous are no user")
	require.Equal(t, 1, server.DisconnectUser("5", ""))
	require.Equal(t, closing{1008, "disconnected"}, clients["five"].end())
	clients["anon"].quiet()
}
