package redis_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// stream publishes numbered messages to rooms in turns, until it is stopped, and
// keeps when it did.
type stream struct {
	rooms []string
	from  *member
	stop  chan struct{}
	wait  sync.WaitGroup

	began, ended []time.Time // of Publish
	errors       int

	// pending is the time that a message may take from Publish to Redis: gaps
	// speak of when Redis takes it.
	pending time.Duration
}

func startStream(from *member, rooms ...string) *stream {
	s := &stream{rooms: rooms, from: from, stop: make(chan struct{}), pending: time.Second}
	s.wait.Go(func() {
		pace := time.NewTicker(200 * time.Microsecond)
		defer pace.Stop()
		for {
			select {
			case <-pace.C:
				s.publish()
			case <-s.stop:
				return
			}
		}
	})
	return s
}

func (s *stream) publish() {
	i := len(s.began)
	s.began = append(s.began, time.Now())
	if s.from.Publish(bus.Message{To: bus.Room, Room: s.room(i), Payload: numbered(i)}) != nil {
		s.errors++
	}
	s.ended = append(s.ended, time.Now())
}

func (s *stream) room(i int) string { return s.rooms[i%len(s.rooms)] }

func (s *stream) end() {
	close(s.stop)
	s.wait.Wait()
}

// check holds a receiver to its word: what is missing lies in a gap that it was
// told of, where a counted one has no more room than its count, nothing came
// twice, and each room's messages came in order. It returns how many are missing.
func (s *stream) check(t *testing.T, receiver *member) (missing int) {
	t.Helper()
	messages, _, gaps := receiver.seen()
	came, last := map[int]bool{}, map[string]int{}
	for _, m := range messages {
		var payload struct{ N *int }
		if json.Unmarshal(m.Payload, &payload) != nil || payload.N == nil {
			continue
		}
		i := *payload.N
		require.False(t, came[i], "message %d came twice", i)
		require.Equal(t, s.room(i), m.Room)
		before, any := last[m.Room]
		require.True(t, !any || before < i, "message %d came after %d", i, before)
		came[i], last[m.Room] = true, i
	}
	var uncounted, counted uint64
	for i := range s.began {
		if came[i] {
			continue
		}
		missing++
		switch {
		case s.lies(i, gaps, false):
			uncounted++
		case s.lies(i, gaps, true):
			counted++
		default:
			require.Failf(t, "a loss was not reported", "message %d to %s, published at %s:\n%s",
				i, s.room(i), s.began[i].Format(time.StampMicro), describe(gaps))
		}
	}
	var told uint64
	for _, g := range gaps {
		told += g.Count
	}
	require.LessOrEqual(t, counted, told)
	t.Logf("%d published, %d refused, %d missing: %d in uncounted gaps, %d in counted ones of %d",
		len(s.began), s.errors, missing, uncounted, counted, told)
	return missing
}

// lies reports whether a message lies in a gap of its room.
func (s *stream) lies(i int, gaps []bus.Gap, counted bool) bool {
	for _, g := range gaps {
		for _, room := range g.Rooms {
			if room == s.room(i) && (g.Count > 0) == counted && !s.began[i].After(g.To) && !s.ended[i].Add(s.pending).Before(g.From) {
				return true
			}
		}
	}
	return false
}

func describe(gaps []bus.Gap) (text string) {
	for _, g := range gaps {
		text += fmt.Sprintf("%s %q %d: %s to %s\n", g.Channel, g.Rooms, g.Count, g.From.Format(time.StampMicro), g.To.Format(time.StampMicro))
	}
	return text
}

// quiet ends the stream, once all are connected again, and returns when nothing of
// it is on its way.
func (s *stream) quiet(receiver *member) {
	receiver.t.Helper()
	receiver.until(func() bool { return receiver.Status().Connected && s.from.Status().Connected }, "Redis is back")
	s.end()
	s.quiesce(receiver)
}

// quiesce returns when what was published last has arrived or is known to be
// missing: when the sender and the receiver are connected, and a message of each
// room comes through.
func (s *stream) quiesce(receiver *member) {
	receiver.t.Helper()
	connected := func() bool { return s.from.Status().Connected && receiver.Status().Connected }
	receiver.until(connected, "Redis is back")
	for _, room := range s.rooms {
		payload := fmt.Appendf(nil, `{"last":%q}`, room)
		receiver.until(func() bool {
			_ = s.from.Publish(bus.Message{To: bus.Room, Room: room, Payload: payload})
			return receiver.take(string(payload))
		}, "a message has to come through")
	}
}

// The promise of gaps, whatever happens to Redis and to connections.
func TestGaps_NoLossOutside(t *testing.T) {
	for name, disturb := range map[string]func(*redistest.Server){
		"nothing": func(*redistest.Server) {},
		"killed":  func(s *redistest.Server) { s.Kill(); s.Restart() },
		"frozen": func(s *redistest.Server) {
			s.Freeze()
			time.Sleep(1500 * time.Millisecond) // longer than deadlines and probes
			s.Thaw()
		},
		"frozen for a moment": func(s *redistest.Server) {
			s.Freeze()
			time.Sleep(100 * time.Millisecond) // shorter
			s.Thaw()
		},
		"all connections cut": func(s *redistest.Server) {
			s.Do("CLIENT", "KILL", "TYPE", "pubsub")
			s.Do("CLIENT", "KILL", "TYPE", "normal")
		},
		"subscriptions cut": func(s *redistest.Server) { s.Do("CLIENT", "KILL", "TYPE", "pubsub") },
		"publishers cut":    func(s *redistest.Server) { s.Do("CLIENT", "KILL", "TYPE", "normal") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			options := patiently(server.URL())
			if name == "killed" || name == "frozen" {
				options = quickly(server.URL())
			}
			sender, receiver := join(t, 1, options), join(t, 2, options)
			receiver.enter("x", "y", "z")
			s := startStream(sender, "x", "y", "z")
			for range 3 {
				time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond) // the moment is chance
				disturb(server)
				receiver.until(func() bool { return receiver.Status().Connected && sender.Status().Connected }, "Redis is back")
			}
			s.quiet(receiver)
			if name == "frozen" {
				s.pending = 2 * time.Second // twice the PublishTimeout
			}
			missing := s.check(t, receiver)
			_, _, gaps := receiver.seen()
			switch name {
			case "nothing", "frozen for a moment":
				assert.Zero(t, missing)
				assert.Empty(t, gaps)
			case "killed", "frozen":
				assert.NotZero(t, missing)
				assert.NotZero(t, s.errors, "publishing fails fast while Redis is away")
			case "subscriptions cut":
				assert.Zero(t, s.errors)
				assert.EqualValues(t, 3, receiver.Stats().Reconnects)
			case "publishers cut":
				assert.Zero(t, receiver.Stats().Reconnects)
			}
		})
	}
}

// Redis was away when the bus was opened: it does not fail, it keeps trying, and
// the time until it is there is a gap.
func TestBus_RedisComesLater(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	began := time.Now()
	m := join(t, 2, quickly(server.URL()))
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
		assert.WithinRange(t, g.From, began, g.To)
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
	m := join(t, 2, quickly(server.URL()))
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
	receiver.until(func() bool { _, _, gaps := receiver.seen(); return len(gaps) > 0 }, "a gap has to be told")
	_, _, gaps := receiver.seen()
	var missing uint64
	for _, g := range gaps {
		missing += g.Count
		assert.Equal(t, "gannet:room:{x}", g.Channel)
		assert.Equal(t, []string{"x"}, g.Rooms)
	}
	assert.Equal(t, refused, missing)
	assert.Equal(t, refused, sender.Stats().Failed)
	assert.EqualValues(t, 1+accepted, sender.Stats().Published)
}

// slow is a node that takes no message before it is let.
type slow struct {
	*node
	let chan struct{}
}

func (s *slow) Deliver(m bus.Message) {
	<-s.let
	s.node.Deliver(m)
}

// A node that does not keep up loses what does not fit into the inbox, and is
// told how much.
func TestInbox_Full(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	options.MaxInbox = 10_000
	b, err := redis.New(options)
	require.NoError(t, err)
	s := &slow{&node{id: "000000000002"}, make(chan struct{})}
	require.NoError(t, b.Open(s))
	t.Cleanup(b.Close)
	receiver := &member{s.node, b, t}
	receiver.enter("x", "y")

	sender := join(t, 1, quickly(server.URL()))
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
