package console_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
	"github.com/gannet-ws/gannet/core/browser/browsertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(withBrowser{m}) }

// withBrowser runs the tests with one browser for all, in which each has a tab.
type withBrowser struct{ *testing.M }

var browser *browsertest.Browser

func (m withBrowser) Run() int {
	var err error
	if browser, err = browsertest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer browser.Stop()
	return m.M.Run()
}

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = browsertest.Patience

// site is a server with its admin listener.
type site struct {
	t      *testing.T
	server *core.Server
	admin  string // address of the admin listener
	stop   func()
}

// settings are the options of a site.
type settings struct {
	server  core.Options
	admin   admin.Options
	prepare func(*core.Server)
}

// start runs a site until the test ends or stops it.
func start(t *testing.T, s settings) *site {
	t.Helper()
	s.server.Addr, s.server.Log = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	server, err := core.New(s.server)
	require.NoError(t, err)
	if s.prepare != nil {
		s.prepare(server)
	}
	if s.admin.AdminAddr == "" {
		s.admin.AdminAddr = "127.0.0.1:0"
	}
	operator, err := admin.Listen(server, s.admin)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- server.Run(ctx) }()
	go func() { ended <- operator.Serve(ctx) }()
	made := &site{t: t, server: server, admin: operator.Addr().String()}
	made.stop = func() {
		if ctx.Err() == nil {
			cancel()
			require.NoError(t, errors.Join(<-ended, <-ended))
		}
	}
	t.Cleanup(made.stop)
	waiting, enough := context.WithTimeout(context.Background(), patience)
	defer enough()
	require.True(t, server.WaitRunning(waiting))
	return made
}

func (s *site) url() string { return "http://" + s.admin + "/" }

// client is a real WebSocket client.
type client struct {
	gws.BuiltinEventHandler
	t        *testing.T
	conn     *gws.Conn
	messages chan string
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	select {
	case c.messages <- m.Data.String():
	default: // nobody asks
	}
	_ = m.Close()
}

// connect opens clients that are in the rooms.
func (s *site) connect(rooms ...string) *client {
	s.t.Helper()
	c := &client{t: s.t, messages: make(chan string, 1000)}
	conn, _, err := gws.NewClient(c, &gws.ClientOption{Addr: "ws://" + s.server.Addr().String() + "/ws", HandshakeTimeout: patience})
	require.NoError(s.t, err)
	c.conn = conn
	read := make(chan struct{})
	go func() {
		defer close(read)
		conn.ReadLoop()
	}()
	s.t.Cleanup(func() {
		_ = conn.NetConn().Close()
		<-read
	})
	for _, room := range rooms {
		c.send(`{"type":"system","action":"joinRoom","data":{"roomName":"` + room + `"}}`)
		require.Contains(s.t, c.receive(), `"success":true`)
	}
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	require.NoError(c.t, c.conn.WriteString(text))
}

func (c *client) receive() string {
	c.t.Helper()
	select {
	case m := <-c.messages:
		return m
	case <-time.After(patience):
		c.t.Fatal("no message came")
	}
	return ""
}

// publishing publishes to a room, every few milliseconds, until the test ends or
// stops it.
func (s *site) publishing(room string, every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_, _ = s.server.Broadcast(core.Room(room), "chat", "message", map[string]string{"text": "Hello " + room})
			case <-ctx.Done():
				return
			}
		}
	}()
	stop = func() { cancel(); <-ended }
	s.t.Cleanup(stop)
	return stop
}
