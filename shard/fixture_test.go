package shard

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a shard with real sockets and an owner that notes its calls.
type fixture struct {
	*Shard
	t          *testing.T
	directory  *Directory
	dropped    []ID
	overflowed []ID
	flushed    []ID
	awaited    map[ID]bool // clients whose sockets are watched for room
}

func newFixture(t *testing.T, change ...func(*Options)) *fixture {
	f := &fixture{t: t, directory: NewDirectory(nil), awaited: map[ID]bool{}}
	options := Options{Node: 0xabcdef123456, Index: 3, Directory: f.directory, Owner: f, MaxBacklog: 1 << 20, MaxInbox: 1 << 20}
	for _, c := range change {
		c(&options)
	}
	f.Shard = New(options)
	return f
}

func (f *fixture) Drop(c *Client) {
	f.dropped = append(f.dropped, c.ID())
	f.Remove(c)
}

func (f *fixture) Overflowed(c *Client) {
	f.overflowed = append(f.overflowed, c.ID())
	c.SetState(Closing)
}

func (f *fixture) Flushed(c *Client) { f.flushed = append(f.flushed, c.ID()) }

func (f *fixture) AwaitRoom(c *Client) {
	require.NotEqual(f.t, c.Awaited(), f.awaited[c.ID()], "each call changes something")
	f.awaited[c.ID()] = c.Awaited()
}

// writable calls Writable for the clients whose sockets have room, as an event
// loop does, and returns their number.
func (f *fixture) writable() (n int) {
	f.Each(0, f.Slots(), func(c *Client) {
		poll := []unix.PollFd{{Fd: c.Socket().FD, Events: unix.POLLOUT}}
		if _, err := unix.Poll(poll, 0); err == nil && f.awaited[c.ID()] && poll[0].Revents&unix.POLLOUT != 0 {
			f.Writable(c)
			n++
		}
	})
	f.Settle()
	return n
}

// peer is a client and the other end of its socket.
type peer struct {
	*Client
	t    *testing.T
	near int
	far  int
}

// read returns what has arrived.
func (p *peer) read() []byte {
	var all []byte
	buffer := make([]byte, 1<<16)
	for {
		n, err := unix.Read(p.far, buffer)
		if err == unix.EAGAIN || n == 0 {
			return all
		}
		require.NoError(p.t, err)
		all = append(all, buffer[:n]...)
	}
}

// texts returns the payloads of the frames that have arrived, which must be
// whole.
func (p *peer) texts() (texts []string) { return split(p.t, p.read()) }

func split(t *testing.T, b []byte) (texts []string) {
	reader, config := codec.Reader{}, codec.ReaderConfig{Client: true, MaxMessage: 1 << 20}
	for {
		frame, ok, n, err := reader.Next(&config, b)
		require.NoError(t, err)
		if !ok {
			require.False(t, reader.Partial(), "a frame is cut short")
			return texts
		}
		texts = append(texts, string(frame.Payload))
		b = b[n:]
	}
}

// add adds a client with a real socket pair.
func (f *fixture) add(user string) *peer {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	p := &peer{t: f.t, near: fds[0], far: fds[1]}
	var who *User
	if user != "" {
		who = &User{ID: user}
	}
	p.Client = f.Add(Socket{FD: int32(fds[0])}, who)
	require.NotNil(f.t, p.Client)
	return p
}

func (f *fixture) addTo(rooms ...string) *peer {
	p := f.add("")
	for _, room := range rooms {
		f.Join(p.Client, room)
	}
	return p
}

func text(format string, args ...any) *codec.Message {
	return codec.NewMessage(codec.OpText, fmt.Appendf(nil, format, args...))
}

func (f *fixture) toRoom(room string, m *codec.Message, except ...ID) {
	op := Op{To: ToRoom, Room: room, Message: m}
	if len(except) > 0 {
		op.Except = except[0]
	}
	f.Post(&op)
}

// turns runs turns until no work is left and returns their number.
func (f *fixture) turns() (n int) {
	for n = 1; f.Turn(); n++ {
		require.Less(f.t, n, 10_000)
	}
	return n
}
