package core_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// rooms are those that the message of each number goes to, in turn.
var rooms = []string{"red", "green", "blue"}

func roomOf(n int) core.Target { return core.Room(rooms[n%len(rooms)]) }

// relay is a route that publishes what a client sends it.
func relay(s *core.Server) {
	s.Handle("test", "relay", func(c *core.Context) (any, error) {
		var n note
		_ = c.Bind(&n)
		return c.Publish(n.to(roomOf(n.N)))
	})
}

// throughHandler returns a publisher that is a client of the route test.relay.
func throughHandler(t *testing.T, server *core.Server) func(string, int) error {
	c := connect(t, server)
	return func(name string, n int) (err error) {
		for i := 0; i < n && err == nil; i++ {
			err = c.conn.WriteString(fmt.Sprintf(`{"type":"test","action":"relay","data":{"from":%q,"n":%d}}`, name, i))
		}
		return err
	}
}

// note is what a numbered message says: who published it and as which.
type note struct {
	From string
	N    int
}

func (n note) to(target core.Target) core.Publication {
	data := fmt.Appendf(nil, `{"from":%q,"n":%d}`, n.From, n.N)
	return core.Publication{To: target, Message: newMessage("test", "numbered", data)}
}

// readNote reads a numbered message; ok is false for any other.
func readNote(text string) (n note, ok bool) {
	var event struct {
		Action string
		Data   note
	}
	err := json.Unmarshal([]byte(text), &event)
	return event.Data, err == nil && event.Action == "numbered"
}

// small opens a client that holds few messages, for tests with many clients.
func small(t testing.TB, server *core.Server, capacity int) *client {
	t.Helper()
	c := &client{t: t, messages: make(chan message, capacity), pongs: make(chan string, 1), closed: make(chan closing, 1)}
	conn, _, err := gws.NewClient(c, &gws.ClientOption{Addr: url(server), HandshakeTimeout: patience})
	require.NoError(t, err)
	c.conn = conn
	go conn.ReadLoop()
	t.Cleanup(func() { _ = conn.NetConn().Close() })
	return c
}

// busyLoop has one of two loops stand still, in a handler, until release is
// called. It returns a client of that loop and one of the other, both the user
// ada and in room r; the other is alone in room free.
func busyLoop(t *testing.T, options core.Options) (server *core.Server, stuck, free *client, release func()) {
	resume, entered := make(chan struct{}), make(chan struct{})
	block := func(s *core.Server) {
		s.Handle("test", "block", func(*core.Context) (any, error) { close(entered); <-resume; return nil, nil })
	}
	options.Loops, options.JWTSecret = 2, broadcastSecret
	server = start(t, options, tellID, block)
	release = sync.OnceFunc(func() { close(resume) })
	free = connectAs(t, server, "ada") // first, so that its loop is served first
	for stuck = free; idOf(free).Shard() == idOf(stuck).Shard(); {
		stuck = connectAs(t, server, "ada")
	}
	stuck.join("r")
	free.join("r")
	free.join("free")
	t.Cleanup(release)
	stuck.send(`{"type":"test","action":"block"}`)
	<-entered
	return server, stuck, free, release
}

func TestPublish_OverloadIsAllOrNothing(t *testing.T) {
	server, stuck, free, release := busyLoop(t, core.Options{MaxInbox: 8 << 10})
	sent, err := 0, error(nil)
	for ; err == nil && sent < 1000; sent++ {
		_, err = server.Publish(note{"fill", sent}.to(core.All()))
	}
	sent-- // the last was refused
	require.ErrorIs(t, err, core.ErrOverloaded)
	free.receiveNotes("fill", 0, sent)
	require.Positive(t, sent)
	for _, to := range []core.Target{core.All(), core.Room("r"), core.Users("ada")} {
		n, err := server.Publish(note{"refused", 0}.to(to))
		assert.ErrorIs(t, err, core.ErrOverloaded, "%+v", to)
		assert.Zero(t, n, "%+v", to)
	}
	n, err := server.PublishAll([]core.Publication{
		note{"first", 0}.to(core.Room("free")), note{"refused", 0}.to(core.All()), note{"refused", 0}.to(core.Room("free")),
	})
	assert.ErrorIs(t, err, core.ErrOverloaded)
	assert.Equal(t, []int{1}, n)
	release()

	require.JSONEq(t, `{"type":"test","action":"block"}`, stuck.receive())
	stuck.receiveNotes("fill", 0, sent)
	free.receiveNotes("first", 0, 1)
	_, err = server.Publish(note{"again", 0}.to(core.Room("r")))
	require.NoError(t, err)
	stuck.receiveNotes("again", 0, 1)
	free.receiveNotes("again", 0, 1)
	require.EqualValues(t, 5, server.Stats().Overloaded)
}

// cramped opens a TCP connection whose buffers, at both ends, hold little: a
// peer on it that does not read is soon noticed.
func cramped(t testing.TB, server *core.Server) net.Conn {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { // small segments keep the server's buffer small
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1000)
		})
	}}
	conn, err := dialer.Dial("tcp", server.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// bare is a WebSocket client that does nothing by itself: it reads, and answers,
// only what the test has it read and answer.
type bare struct {
	net.Conn
	reader codec.Reader
	in     []byte // read and not yet looked at
}

func (b *bare) more() error {
	buffer := make([]byte, 4096)
	n, err := b.Read(buffer)
	b.in = append(b.in, buffer[:n]...)
	return err
}

// frame returns the next frame, or why there is none.
func (b *bare) frame() (op codec.Opcode, payload string, err error) {
	config := codec.ReaderConfig{Client: true, MaxMessage: 1 << 20}
	for {
		frame, ok, n, err := b.reader.Next(&config, b.in)
		if err != nil {
			return 0, "", err
		}
		b.in = b.in[n:]
		if ok {
			return frame.Opcode, string(frame.Payload), nil
		}
		if err := b.more(); err != nil {
			return 0, "", err
		}
	}
}

func masked(op codec.Opcode, payload string) []byte {
	return codec.AppendMaskedFrame(nil, op, true, [4]byte{1, 2, 3, 4}, []byte(payload))
}

// slowRoom is a room of clients that read and one that does not.
type slowRoom struct {
	t      *testing.T
	server *core.Server
	quick  []*client
	slow   *bare
	from   string // makes each message large
	sent   int
}

func newSlowRoom(t *testing.T, size int, options core.Options) *slowRoom {
	options.Loops, options.MaxBacklog = 2, 128<<10
	r := &slowRoom{t: t, server: start(t, options), from: strings.Repeat("x", size)}
	for range 50 {
		c := small(t, r.server, 64)
		c.join("r")
		r.quick = append(r.quick, c)
	}
	r.slow = upgrade(t, r.server, cramped(t, r.server))
	r.slow.write(t, masked(codec.OpText, `{"type":"system","action":"joinRoom","data":{"roomName":"r"}}`))
	_, reply, err := r.slow.frame()
	require.NoError(t, err)
	require.Contains(t, reply, `"success":true`)
	return r
}

// publish sends a few large messages and has all read them but the slow one. It
// returns how many members the room had for the last of them.
func (r *slowRoom) publish() (receivers int) {
	few := max(1, 16_000/len(r.from))
	for i := range few {
		var err error
		receivers, err = r.server.Publish(note{r.from, r.sent + i}.to(core.Room("r")))
		require.NoError(r.t, err)
	}
	for _, c := range r.quick {
		c.receiveNotes(r.from, r.sent, few)
	}
	r.sent += few
	require.Less(r.t, r.sent, 2000, "nothing bounds what waits for the slow one")
	return receivers
}

// publishUntilEnded publishes until the slow one is not in the room any more.
func (r *slowRoom) publishUntilEnded() {
	for r.publish() == len(r.quick)+1 {
	}
	r.publish()
}

// readNotes reads messages from the slow one's connection until its end or a
// close frame: all that it is sent must be whole and without a gap.
func (r *slowRoom) readNotes() (closePayload string) {
	for n := 0; ; n++ {
		op, payload, err := r.slow.frame()
		if err != nil || op == codec.OpClose {
			assert.True(r.t, 0 < n && n < r.sent, "%d of %d", n, r.sent)
			return payload
		}
		got, ok := readNote(payload)
		require.True(r.t, ok && op == codec.OpText, payload)
		require.Equal(r.t, note{r.from, n}, got)
	}
}

func (r *slowRoom) closedSlow() {
	eventually(r.t, func() bool { return r.server.Stats().Closed["slow_consumer"] == 1 }, "it is closed for being slow")
	stats := r.server.Stats()
	assert.Equal(r.t, len(r.quick), stats.Connections, "nobody else is")
	assert.Positive(r.t, stats.Dropped)
}

func TestSlowConsumer_ReadsAtLastAndIsTold(t *testing.T) {
	for _, size := range []int{4000, 100_000} { // the second is more than one write takes
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			r := newSlowRoom(t, size, core.Options{CloseTimeout: patience})
			r.publishUntilEnded()
			require.Equal(t, "\x03\xf5slow consumer", r.readNotes())
			r.slow.write(t, masked(codec.OpClose, "\x03\xf5"))
			require.Empty(t, ended(t, r.slow))
			require.NoError(t, r.slow.Close())
			r.closedSlow()
		})
	}
}

func TestSlowConsumer_NeverReadsAndIsDropped(t *testing.T) {
	r := newSlowRoom(t, 4000, core.Options{CloseTimeout: 50 * time.Millisecond})
	r.publishUntilEnded()
	r.closedSlow()
	r.readNotes()
}

func TestSlowConsumer_SkipGoesOnWithNewerMessages(t *testing.T) {
	r := newSlowRoom(t, 4000, core.Options{SlowConsumer: core.SkipSlow})
	for r.server.Stats().Skipped < 20 {
		require.Equal(t, len(r.quick)+1, r.publish())
	}
	before, got := r.sent, make(chan int, 4000)
	go func() {
		defer close(got)
		for {
			_, payload, err := r.slow.frame()
			n, ok := readNote(payload)
			if err != nil || !ok || n.From != r.from {
				return
			}
			got <- n.N
		}
	}()
	eventually(t, func() bool { return r.server.Stats().Blocked == 0 }, "it catches up")
	for range 10 {
		r.publish()
	}
	_, err := r.server.Publish(note{"end", 0}.to(core.Room("r")))
	require.NoError(t, err)
	received, last := 0, -1
	for n := range got {
		require.Greater(t, n, last, "out of order")
		require.True(t, n < before || n == max(before, last+1), "%d after %d: it has caught up", n, last)
		received, last = received+1, n
	}
	assert.Equal(t, r.sent-1, last)
	assert.EqualValues(t, r.sent-received, r.server.Stats().Skipped)
	assert.Zero(t, r.server.Stats().Closed["slow_consumer"])
}

// At the limit the newest messages take the place of the oldest: who reads at last
// sees where things stand, in order and without a frame that is cut.
func TestSlowConsumer_LatestSeesTheNewest(t *testing.T) {
	for _, size := range []int{4000, 70_000} { // the second is more than one write takes
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			r := newSlowRoom(t, size, core.Options{SlowConsumer: core.LatestSlow})
			for r.server.Stats().Skipped < 3 {
				require.Equal(t, len(r.quick)+1, r.publish())
			}
			require.NoError(t, r.slow.SetDeadline(time.Now().Add(patience)))
			received := 0
			for last := -1; last < r.sent-1; received++ {
				op, payload, err := r.slow.frame()
				require.NoError(t, err)
				n, ok := readNote(payload)
				require.True(t, ok && op == codec.OpText && n.From == r.from, op)
				require.Greater(t, n.N, last)
				last = n.N
			}
			stats := r.server.Stats()
			assert.EqualValues(t, r.sent-received, stats.Skipped)
			assert.Zero(t, stats.Closed["slow_consumer"])
			assert.Equal(t, len(r.quick)+1, r.publish(), "it is a member as before")
		})
	}
}

// A peer that asks for answers and never reads them is bounded too.
func TestSlowConsumer_AsksAndNeverReads(t *testing.T) {
	ping, request := masked(codec.OpPing, strings.Repeat("p", 125)), masked(codec.OpText, `{"type":"system","action":"ping"}`)
	closed := func(s core.Stats) bool { return s.Closed["slow_consumer"] == 1 }
	skips := func(s core.Stats) bool { return s.Skipped > 10 }
	cases := map[string]struct {
		mode  core.SlowConsumer
		frame []byte
		ended func(core.Stats) bool
	}{
		"pings":            {core.CloseSlow, ping, closed},
		"pings, skip":      {core.SkipSlow, ping, skips},
		"pings, latest":    {core.LatestSlow, ping, skips},
		"requests":         {core.CloseSlow, request, closed},
		"requests, skip":   {core.SkipSlow, request, skips},
		"requests, latest": {core.LatestSlow, request, skips},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{SlowConsumer: c.mode, MaxBacklog: 64 << 10, CloseTimeout: 50 * time.Millisecond})
			slow := upgrade(t, server, cramped(t, server))
			var writing sync.WaitGroup
			writing.Go(func() {
				var err error
				for many := bytes.Repeat(c.frame, 100); err == nil; {
					_, err = slow.Write(many)
				}
			})
			eventually(t, func() bool { return c.ended(server.Stats()) }, "it is bounded")
			require.NoError(t, slow.Close())
			writing.Wait()
			require.Less(t, server.Stats().BytesOut, uint64(8<<20))
		})
	}
}
