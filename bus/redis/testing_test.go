package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
)

// longWait bounds every wait of the tests; only a failing test uses it up.
const longWait = 15 * time.Second

// node is what a bus serves: it keeps what it is handed.
type node struct {
	id       string
	channels []string
	all      bool

	answer  func(context.Context, bus.Question) (json.RawMessage, error) // nil: repeats the question
	figures bus.Figures

	mu       sync.Mutex
	messages []bus.Message
	events   []*bus.Event
	gaps     []bus.Gap
	full     bool // it has no room for messages
	replies  []string
}

func (n *node) ID() string { return n.id }

func (n *node) Channels() ([]string, bool) { return n.channels, n.all }

func (n *node) Deliver(m bus.Message) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full {
		return false
	}
	n.messages = append(n.messages, m)
	return true
}

func (n *node) Hear(e *bus.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, e)
}

func (n *node) Reply(payload []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.replies = append(n.replies, string(payload))
}

// answers are those of applications to clients.
func (n *node) answers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.replies)
}

func (n *node) Figures() bus.Figures { return n.figures }

func (n *node) Answer(ctx context.Context, q bus.Question) (json.RawMessage, error) {
	if n.answer != nil {
		return n.answer(ctx, q)
	}
	return q.Data, nil
}

func (n *node) Wants(channel string) bool {
	names, all := n.Channels()
	return all || slices.Contains(names, channel)
}

func (n *node) Missed(g bus.Gap) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gaps = append(n.gaps, g)
}

func (n *node) seen() ([]bus.Message, []*bus.Event, []bus.Gap) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.messages), slices.Clone(n.events), slices.Clone(n.gaps)
}

// member is a node and its bus.
type member struct {
	*node
	*redis.Bus
	t testing.TB
}

// syncLog is a log that several goroutines write.
type syncLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// quickly are options with which a test need not wait long.
func quickly(url ...string) redis.Options {
	return redis.Options{
		URL:            url,
		PublishTimeout: time.Second,
		ProbeInterval:  200 * time.Millisecond,
		Linger:         50 * time.Millisecond,
		Log:            slog.New(slog.DiscardHandler),
	}
}

// calmly are options with which no connection ends because a machine is slow.
func calmly(url ...string) redis.Options {
	options := quickly(url...)
	options.PublishTimeout, options.ProbeInterval = longWait, longWait
	return options
}

// join opens a bus for a node, which is number of the test's.
func join(t testing.TB, number int, options redis.Options, prepare ...func(*node)) *member {
	t.Helper()
	b, err := redis.New(options)
	require.NoError(t, err)
	m := &member{&node{id: fmt.Sprintf("%012x", number)}, b, t}
	for _, p := range prepare {
		p(m.node)
	}
	require.NoError(t, b.Open(m.node))
	t.Cleanup(b.Close)
	return m
}

// listening are the channels whose events a node wants.
func listening(channels ...string) func(*node) {
	return func(n *node) { n.channels = channels }
}

// enter enters rooms, and returns when their messages are sure to arrive.
func (m *member) enter(rooms ...string) {
	m.t.Helper()
	for _, room := range rooms {
		m.Enter(room)
		m.until(func() bool { return m.await(room) == nil }, "the subscription has to be confirmed")
		require.True(m.t, m.Standing(room))
	}
}

func (m *member) await(room string) error {
	done := make(chan error, 1)
	m.Await(room, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(longWait):
		return errors.New("nobody was told")
	}
}

// until waits for a condition.
func (m *member) until(condition func() bool, why string) {
	m.t.Helper()
	require.Eventually(m.t, condition, longWait, time.Millisecond, why)
}

// received returns the messages, of which there must be as many as that, and no
// more.
func (m *member) received(count int) []bus.Message {
	m.t.Helper()
	m.until(func() bool { messages, _, _ := m.seen(); return len(messages) >= count }, "messages have to come")
	messages, _, _ := m.seen()
	require.Len(m.t, messages, count)
	return messages
}

// heard returns the events, as received does messages.
func (m *member) heard(count int) []*bus.Event {
	m.t.Helper()
	m.until(func() bool { _, events, _ := m.seen(); return len(events) >= count }, "events have to come")
	_, events, _ := m.seen()
	require.Len(m.t, events, count)
	return events
}

// fence publishes a message to all, and returns when another has got it, and taken
// it away: what was published to all before has arrived.
func (m *member) fence(other *member) {
	m.t.Helper()
	mark := fmt.Sprintf(`{"fence":%d}`, time.Now().UnixNano())
	require.NoError(m.t, m.Publish(bus.Message{To: bus.All, Payload: []byte(mark)}))
	other.until(func() bool { return other.take(mark) }, "the fence has to come")
}

// take removes a message.
func (n *node) take(payload string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := len(n.messages)
	n.messages = slices.DeleteFunc(n.messages, func(m bus.Message) bool { return string(m.Payload) == payload })
	return len(n.messages) < before
}
