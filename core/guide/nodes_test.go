package guide

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// secret is what an application signs its tokens with, and the server knows.
const secret = "known to the application and to the server"

// inRooms are the options of a client in rooms.
func inRooms(rooms ...string) client.Options { return client.Options{Rooms: rooms} }

// as are the options of a client whose token has the claims.
func as(claims jwt.MapClaims, rooms ...string) client.Options {
	return client.Options{Token: client.StaticToken(sign(secret, claims)), Rooms: rooms}
}

// hear makes sure of the next messages.
func (p *person) hear(t *testing.T, messages ...string) {
	t.Helper()
	for _, want := range messages {
		require.Equal(t, want, p.hears())
	}
}

// nodes starts servers that a hub joins. The hub has room for more.
func nodes(t *testing.T, n int, options core.Options, prepare ...func(*core.Server)) (*bus.Hub, []*core.Server) {
	t.Helper()
	hub := bus.NewHub()
	servers := make([]*core.Server, n)
	for i := range servers {
		options.Bus = hub.Join()
		servers[i] = start(t, options, prepare...)
	}
	return hub, servers
}

// nothingElseAnywhere is nothingElse for people on several nodes, of which server
// is one.
func nothingElseAnywhere(t *testing.T, server *core.Server, people ...*person) {
	t.Helper()
	_, err := server.Broadcast(core.All(), "test", "over", nil)
	require.NoError(t, err)
	for _, p := range people {
		p.hear(t, "test.over ")
	}
}

// try connects a client with one attempt.
func try(t *testing.T, options client.Options) error {
	t.Helper()
	options.MaxAttempts, options.Log = 1, quiet
	c, err := client.New(options)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Connect(patient(t))
}

// deaf is a client that never answers, and so holds up a shutdown until the
// returned function drops it.
func deaf(t *testing.T, server *core.Server) (drop func()) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	return func() { _ = conn.Close() }
}

// patient is a context for what a test waits for.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// get returns what comes through the channel.
func get[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return value
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 2*time.Millisecond, what)
}

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the log.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// String returns the log.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// stdout is a log for examples: without times and durations.
func stdout() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Value.Kind() == slog.KindDuration {
				return slog.Attr{}
			}
			return a
		},
	}))
}
