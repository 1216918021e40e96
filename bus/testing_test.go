package bus_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// longWait bounds every wait of the tests; only a failing test uses it up.
const longWait = 15 * time.Second

// quiet are the options of a dispatcher whose log nobody reads, and whose
// patience no busy machine uses up.
var quiet = bus.DispatcherOptions{Log: slog.New(slog.DiscardHandler), Patience: longWait}

// dispatching runs a dispatcher with the subscribers until the test ends.
func dispatching(t testing.TB, options bus.DispatcherOptions, subscribers ...bus.Subscriber) *bus.Dispatcher {
	t.Helper()
	if options.Log == nil {
		options.Log = quiet.Log
	}
	d := bus.NewDispatcher(options)
	for _, s := range subscribers {
		require.NoError(t, d.Add(s))
	}
	require.NoError(t, d.Start())
	t.Cleanup(func() { stop(t, d) })
	return d
}

// run dispatches the events, and returns when they have been handled.
func run(t testing.TB, d *bus.Dispatcher, events ...*bus.Event) {
	t.Helper()
	for _, e := range events {
		d.Dispatch(e)
	}
	drain(t, d)
}

func drain(t testing.TB, d *bus.Dispatcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longWait)
	defer cancel()
	require.NoError(t, d.Drain(ctx))
}

func stop(t testing.TB, d *bus.Dispatcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longWait)
	defer cancel()
	require.NoError(t, d.Stop(ctx))
}

// event is one on the channel with the payload, {} without one.
func event(channel string, payload ...string) *bus.Event {
	return &bus.Event{Channel: channel, Payload: []byte(strings.Join(append(payload, "{}")[:1], ""))}
}

// statsOf returns the figures of the subscriber with the name.
func statsOf(t testing.TB, d *bus.Dispatcher, name string) bus.SubscriberStats {
	t.Helper()
	for _, s := range d.Stats() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no subscriber %q", name)
	return bus.SubscriberStats{}
}

// receive returns what comes within a generous time.
func receive[T any](t testing.TB, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(longWait):
		require.Fail(t, "nothing came")
	}
	return value
}

// journal is what subscribers wrote down, in order. Any goroutine may use it.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.lines...)
}

// handler writes down the name and the event's text.
func (j *journal) handler(name string) bus.Handler {
	return func(_ context.Context, e *bus.Event) (any, error) {
		j.add(name + e.Text())
		return name, nil
	}
}

// Write lets a journal be what a log writes to, a line each time.
func (j *journal) Write(line []byte) (int, error) {
	j.add(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

// log returns a logger of all levels that writes to the journal, without times.
func (j *journal) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "took" {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// holding counts the lines that hold all the parts.
func (j *journal) holding(parts ...string) (n int) {
	for _, line := range j.all() {
		found := true
		for _, part := range parts {
			found = found && strings.Contains(line, part)
		}
		if found {
			n++
		}
	}
	return n
}

// gate holds handlers until it is opened.
type gate struct {
	entered chan struct{} // has room for one: somebody has come
	opened  chan struct{}
}

func newGate() *gate {
	return &gate{entered: make(chan struct{}, 1), opened: make(chan struct{})}
}

// handler waits for the gate, whatever the context says.
func (g *gate) handler(then bus.Handler) bus.Handler {
	return func(ctx context.Context, e *bus.Event) (any, error) {
		select {
		case g.entered <- struct{}{}:
		default:
		}
		<-g.opened
		return then(ctx, e)
	}
}

func nothing(context.Context, *bus.Event) (any, error) { return nil, nil }

func assertEventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	assert.Eventually(t, condition, longWait, time.Millisecond, what)
}
