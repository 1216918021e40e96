package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// Redis was away when the bus was opened: it does not fail, it keeps trying, and
// the time until it is there is a gap.
func TestBus_RedisComesLater(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	began := time.Now()
	options := calmly(server.URL())
	options.PublishTimeout = time.Second
	m := join(t, 2, options)
	m.Enter("x")
	m.Await("x", func(err error) { assert.ErrorContains(t, err, "no connection") })
	assert.False(t, m.Standing("x"))
	status := m.Status()
	assert.False(t, status.Connected)
	assert.Contains(t, status.Problem, "refused")
	m.until(func() bool { return m.Publish(bus.Message{To: bus.All, Payload: []byte("{}")}) != nil }, "publishing fails fast")

	server.Restart()
	m.until(func() bool { return m.Status().Connected && m.Standing("x") }, "Redis is there")
	assert.Empty(t, m.Status().Problem)
	assert.True(t, m.Status().Since.After(began))
	server.Do("PUBLISH", "gannet:room:{x}", "{}")
	m.until(func() bool { return m.take("{}") }, "the message has to come")
	defer func() {
		server.Kill()
		m.until(func() bool { return !m.Standing("x") }, "the subscription is lost")
	}()
	m.until(func() bool { _, _, gaps := m.seen(); return len(gaps) == 4 }, "what clients get, two channels of nodes, one of PXL")
	_, _, gaps := m.seen()
	rooms := 0
	for _, g := range gaps {
		assert.Zero(t, g.Count)
		assert.WithinRange(t, began, g.From, g.To)
		if g.Channel == "" {
			assert.Equal(t, []string{"x"}, g.Rooms)
			assert.True(t, g.All)
			rooms++
		}
	}
	assert.Equal(t, 1, rooms)
}

func TestBus_Required(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	options.Required = true
	m := join(t, 2, options)
	m.Close()
	_, _, gaps := m.seen()
	assert.Empty(t, gaps)

	server.Kill()
	options.PublishTimeout = 20 * time.Millisecond
	b, err := redis.New(options)
	require.NoError(t, err)
	err = b.Open(m.node)
	assert.ErrorContains(t, err, "Redis is required")
	assert.ErrorContains(t, err, "refused")
	assert.False(t, b.Status().Connected)
}

// A password is needed, and is not in what is said about it.
func TestBus_Password(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "hunter2")
	options := quickly("redis://:wrong@" + server.Addr)
	m := join(t, 2, options)
	m.until(func() bool { return m.Status().Problem != "" && !m.Status().Connected }, "it is refused")
	assert.Contains(t, m.Status().Problem, "WRONGPASS")
	assert.NotContains(t, m.Status().Problem, "wrong@")

	options.URL = []string{"redis://:hunter2@" + server.Addr}
	join(t, 3, options).enter("x")
}

// A message that Redis does not answer in time is neither sent again nor said to
// be lost: nobody knows. Messages behind it fail, and further ones are refused.
func TestPublisher_Unknown(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	options.PublishTimeout = 300 * time.Millisecond
	sender, receiver := join(t, 1, options), join(t, 2, quickly(server.URL()))
	receiver.enter("x")
	publish := func(i int) error {
		return sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: numbered(i)})
	}
	require.NoError(t, publish(0))
	receiver.received(1)

	server.Freeze()
	require.NoError(t, publish(1))
	sender.until(func() bool { return sender.Stats().Unknown == 1 }, "the deadline has to pass")
	sender.until(func() bool { return publish(2) != nil }, "publishing fails fast")
	server.Thaw()
	sender.until(func() bool { return sender.Status().Connected && receiver.Status().Connected }, "Redis is back")
	sender.until(func() bool { return publish(3) == nil }, "publishing goes on")
	receiver.until(func() bool {
		messages, _, _ := receiver.seen()
		return string(messages[len(messages)-1].Payload) == string(numbered(3))
	}, "the last one has to come")
	messages, _, _ := receiver.seen()
	ones := 0
	for _, m := range messages {
		if string(m.Payload) == string(numbered(1)) {
			ones++
		}
	}
	assert.LessOrEqual(t, ones, 1, "it is not sent again")
}

// A message that comes after later ones has been reported as missing: it is
// dropped, so that nobody sees messages out of order.
func TestBus_LateMessages(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 2, calmly(server.URL()))
	m.enter("x")
	for _, sequence := range []byte{1, 4, 2, 3, 5} {
		header := "\x01\x00" + "\x00\x00\x00\x00\x00\x01" + "\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00" + string([]byte{sequence})
		server.Do("PUBLISH", "gannet:room:{x}", header+string(numbered(int(sequence))))
	}
	var got []string
	for _, one := range m.received(3) {
		got = append(got, string(one.Payload))
	}
	assert.Equal(t, []string{`{"n":1}`, `{"n":4}`, `{"n":5}`}, got)
	assert.EqualValues(t, 2, m.Stats().Late)
	m.until(func() bool { _, _, gaps := m.seen(); return len(gaps) == 1 }, "the gap has to be told")
	_, _, gaps := m.seen()
	assert.EqualValues(t, 2, gaps[0].Count)
	assert.False(t, gaps[0].To.Before(gaps[0].From))
}

// What waits for Redis is bounded, and what is refused is missing at the others,
// who learn it though nothing follows.
func TestPublisher_QueueFull(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	options.MaxQueue = 10_000
	options.PublishTimeout = longWait
	options.ProbeInterval = longWait
	sender, receiver := join(t, 1, options), join(t, 2, options)
	receiver.enter("x")
	first := bus.Message{To: bus.Room, Room: "x", Payload: []byte(`{"first":1}`)}
	require.NoError(t, sender.Publish(first))
	receiver.received(1)

	server.Freeze()
	big := bus.Message{To: bus.Room, Room: "x", Payload: append([]byte(`{"":"`), append(make([]byte, 1000), `"}`...)...)}
	accepted, refused := 0, uint64(0)
	for refused < 5 {
		if err := sender.Publish(big); err != nil {
			assert.ErrorContains(t, err, "too many")
			refused++
			continue
		}
		accepted++
	}
	assert.LessOrEqual(t, sender.Stats().QueuedBytes, int(options.MaxQueue))
	server.Thaw()
	receiver.received(1 + accepted)
	receiver.until(func() bool { return counted(receiver) == refused }, "as many have to be missing as were refused")
	_, _, gaps := receiver.seen()
	for _, g := range gaps {
		assert.Equal(t, "gannet:room:{x}", g.Channel)
		assert.Equal(t, []string{"x"}, g.Rooms)
	}
	assert.Equal(t, refused, sender.Stats().Failed)
	assert.EqualValues(t, 1+accepted, sender.Stats().Published)
}

// slow is a node that takes no message before it is let.
type slow struct {
	*node
	let chan struct{}
}

func (s *slow) Deliver(m bus.Message) bool {
	<-s.let
	return s.node.Deliver(m)
}

// A node that does not keep up loses what does not fit into the inbox, and is
// told how much.
func TestInbox_Full(t *testing.T) {
	server := redistest.Start(t)
	options := calmly(server.URL())
	options.MaxInbox = 10_000
	b, err := redis.New(options)
	require.NoError(t, err)
	s := &slow{&node{id: "000000000002"}, make(chan struct{})}
	require.NoError(t, b.Open(s))
	t.Cleanup(b.Close)
	receiver := &member{s.node, b, t}
	receiver.enter("x", "y")

	sender := join(t, 1, calmly(server.URL()))
	const count = 200
	for i := range count {
		require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: numbered(i)}))
		server.Do("PUBLISH", "gannet:room:{y}", string(numbered(i)))
	}
	receiver.until(func() bool { return b.Stats().Received == 2*count }, "all have to come")
	assert.NotZero(t, b.Stats().Dropped)
	assert.LessOrEqual(t, b.Stats().InboxBytes, int(options.MaxInbox))
	close(s.let)
	receiver.received(2*count - int(b.Stats().Dropped))
	missing := func() (n uint64) {
		_, _, gaps := receiver.seen()
		for _, g := range gaps {
			n += g.Count
		}
		return n
	}
	receiver.until(func() bool { return missing() == b.Stats().Dropped }, "as many as were dropped")
	receiver.until(func() bool { return b.Stats().InboxBytes == 0 }, "nothing is left")
}

// Close ends at once, even if Redis is frozen.
func TestBus_CloseWhileFrozen(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	m := join(t, 2, options)
	m.enter("x")
	server.Freeze()
	m.Enter("y")
	told := make(chan error, 1)
	m.Await("y", func(err error) { told <- err })
	require.NoError(t, m.Publish(bus.Message{To: bus.All, Payload: []byte("{}")}))
	m.Close()
	select {
	case err := <-told:
		assert.Error(t, err)
	default:
		assert.Fail(t, "who waits has to be told")
	}
	server.Thaw()
}
