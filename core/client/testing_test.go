package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 15 * time.Second

var discard = slog.New(slog.DiscardHandler)

// patient is a context that ends with patience.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// server is a running server that a test can stop.
type server struct {
	*core.Server
	address string
	stop    func()
}

// start runs a server, on a free port unless the options have one, until it is
// stopped or the test ends.
func start(t testing.TB, options core.Options, prepare ...func(*core.Server)) *server {
	t.Helper()
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	options.Log, options.Loops, options.DrainPeriod = discard, 1, -1
	s, err := core.New(options)
	require.NoError(t, err)
	for _, p := range prepare {
		p(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	require.True(t, s.WaitRunning(patient(t)), "the server does not run")
	return &server{s, s.Addr().String(), stop}
}

// again starts a server on the port of one that was stopped.
func (s *server) again(t testing.TB, options core.Options, prepare ...func(*core.Server)) *server {
	t.Helper()
	options.Addr = s.address
	return start(t, options, prepare...)
}

func (s *server) url() string { return "ws://" + s.address + "/ws" }

// publish sends an event to a room.
func (s *server) publish(t testing.TB, room, action, data string) {
	t.Helper()
	n, err := s.Broadcast(core.Room(room), "chat", action, json.RawMessage(data))
	require.NoError(t, err)
	require.Positive(t, n, "nobody is in room %s", room)
}

// unused is an address on which nobody listens.
func unused(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// newClient makes a client that tries again at once, and is closed when the test ends.
func newClient(t testing.TB, options client.Options, prepare ...func(*client.Client)) *client.Client {
	t.Helper()
	if options.MinBackoff == 0 {
		options.MinBackoff, options.MaxBackoff = time.Millisecond, 20*time.Millisecond
	}
	if options.MaxAttempts == 0 {
		options.MaxAttempts = -1
	}
	if options.Log == nil {
		options.Log = discard
	}
	c, err := client.New(options)
	require.NoError(t, err)
	for _, p := range prepare {
		p(c)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// connect makes a client and connects it.
func connect(t testing.TB, options client.Options, prepare ...func(*client.Client)) *client.Client {
	t.Helper()
	c := newClient(t, options, prepare...)
	require.NoError(t, c.Connect(patient(t)))
	return c
}

// get returns what comes through the channel.
func get[T any](t testing.TB, from <-chan T, what string) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
	return value
}

// eventually waits for a condition that nothing announces.
func eventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 2*time.Millisecond, what)
}

// journal records events as lines.
type journal chan string

func newJournal() journal { return make(journal, 1024) }

func (j journal) events() client.Events {
	return client.Events{
		Connecting:   func(attempt int) { j <- fmt.Sprint("connecting ", attempt) },
		Connected:    func(client.Welcome) { j <- "connected" },
		Disconnected: func(c client.Closing) { j <- fmt.Sprintf("disconnected %d %s", c.Code, c.Reason) },
		Reconnecting: func(attempt int, _ time.Duration) { j <- fmt.Sprint("reconnecting ", attempt) },
		Failed:       func(error) { j <- "failed" },
		Message:      func(e client.Envelope) { j <- "message " + e.Type + "." + e.Action + " " + string(e.Data) },
	}
}

// expect reads lines that must be these.
func (j journal) expect(t testing.TB, lines ...string) {
	t.Helper()
	for _, line := range lines {
		require.Equal(t, line, get(t, j, line))
	}
}

// until reads lines up to and with this one.
func (j journal) until(t testing.TB, line string) {
	t.Helper()
	for get(t, j, line) != line {
	}
}

// buffer is a log that a test can read.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
