package guide

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Chapter "Quick Start".

// The sample asks for port 3000 and the path /ws, which are the defaults.
func TestGuide_QuickStart_BasicWebSocketServer(t *testing.T) {
	defaults := newDefaultServer(t).Options()
	require.Equal(t, ":3000", defaults.Addr)
	require.Equal(t, "/ws", defaults.Path)

	started := make(chan string, 1)
	port := freePort(t)
	server := newServer(core.Options{Addr: "127.0.0.1:" + port, Hooks: core.Hooks{
		Started: func(s *core.Server) { started <- url(s) },
	}})
	require.Equal(t, core.StateNew, server.State())
	stop := serve(server)
	require.Equal(t, "ws://127.0.0.1:"+port+"/ws", get(t, started), "it runs where it was told to")
	require.Equal(t, core.StateRunning, server.State())

	alice := open(t, url(server))
	stop()
	require.Equal(t, "1012 draining", alice.ended())
	require.Equal(t, core.StateStopped, server.State())
	require.Nil(t, server.Addr())
	_, err := net.Dial("tcp", "127.0.0.1:"+port)
	require.Error(t, err, "nobody listens any more")
}

// newDefaultServer makes a server of which nothing is asked. It never runs.
func newDefaultServer(t *testing.T) *core.Server {
	t.Helper()
	server, err := core.New(core.Options{})
	require.NoError(t, err)
	return server
}

// freePort returns a port that nobody uses.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

// The sample's client is a plain WebSocket: it needs nothing of ours.
func TestGuide_QuickStart_BasicWebSocketClient(t *testing.T) {
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("chat", "message", func(c *core.Context) (any, error) {
			var message struct{ Text string }
			err := c.Bind(&message)
			return "got " + message.Text, err
		})
	})
	ws := open(t, url(server))
	ws.send(`{"type":"chat","action":"message","data":{"text":"Hello!"}}`)
	require.JSONEq(t, `{"type":"chat","action":"message","response":"got Hello!"}`, ws.receive())

	// The server of the sample before has no routes, and says so.
	ws.send(`{"type":"chat","action":"elsewhere","data":{"text":"Hello!"}}`)
	require.JSONEq(t, `{"type":"chat","action":"elsewhere","response":{"error":"Unknown route","code":"UNKNOWN_ROUTE"}}`, ws.receive())
}
