package core

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// clocked is a loop whose clock the test moves, and a client of it.
type clocked struct {
	t      *testing.T
	loop   *loop
	client *shard.Client
	far    int // the client's end
}

func newClocked(t *testing.T, options Options) *clocked {
	options.Loops, options.Log = 1, slog.New(slog.DiscardHandler)
	options.PingInterval = -1
	server, err := New(options)
	require.NoError(t, err)
	l, err := newLoop(server, 0)
	require.NoError(t, err)
	t.Cleanup(l.poll.Discard)
	server.loops[0].Store(l)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
	return &clocked{t: t, loop: l, far: pair[1], client: l.shard.Add(shard.Socket{FD: int32(pair[0])}, nil)}
}

// pass lets time pass, and has the client looked at as a sweep does.
func (c *clocked) pass(d time.Duration) {
	c.loop.server.made = c.loop.server.made.Add(-d)
	c.loop.shard.Now = c.loop.server.now()
	c.loop.check(c.client)
	c.loop.shard.Settle()
}

func (c *clocked) closed() bool { return c.client.State() != shard.Open }

func TestFrameTimeout_IsOfOneMessage(t *testing.T) {
	whole := codec.AppendMaskedFrame(nil, codec.OpText, true, [4]byte{1, 2, 3, 4}, []byte(`{"type":"system","action":"pong"}`))
	fragment := codec.AppendMaskedFrame(nil, codec.OpBinary, false, [4]byte{1, 2, 3, 4}, []byte("fragment"))
	more := codec.AppendMaskedFrame(nil, codec.OpContinuation, false, [4]byte{1, 2, 3, 4}, nil)
	end := codec.AppendMaskedFrame(nil, codec.OpContinuation, true, [4]byte{1, 2, 3, 4}, nil)
	ping := codec.AppendMaskedFrame(nil, codec.OpPing, true, [4]byte{1, 2, 3, 4}, nil)
	cases := map[string]struct {
		sent   [][]byte // with 20 seconds behind each
		closed bool
	}{
		"nothing":                            {[][]byte{nil, nil, nil}, false},
		"whole messages":                     {[][]byte{whole, whole, whole}, false},
		"a header that is cut":               {[][]byte{whole[:1], nil, nil}, true},
		"a payload that is cut":              {[][]byte{whole[:20], nil, nil}, true},
		"a byte at a time":                   {[][]byte{whole[:1], whole[1:2], whole[2:3]}, true},
		"a frame that is late":               {[][]byte{whole[:20], nil, whole[20:]}, true},
		"a frame in time":                    {[][]byte{whole[:20], whole[20:], nil}, false},
		"one in time, then another":          {[][]byte{whole[:20], bytes.Join([][]byte{whole[20:], whole[:20]}, nil), whole[20:]}, false},
		"each cut, all in time":              {[][]byte{whole[:9], bytes.Join([][]byte{whole[9:], whole[:7]}, nil), bytes.Join([][]byte{whole[7:], whole[:8]}, nil)}, false},
		"fragments that never end":           {[][]byte{fragment, more, more}, true},
		"fragments in time":                  {[][]byte{fragment, end, nil}, false},
		"fragments, then others":             {[][]byte{fragment, bytes.Join([][]byte{end, fragment}, nil), end}, false},
		"pings do not make a fragment whole": {[][]byte{fragment, ping, ping}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := newClocked(t, Options{FrameTimeout: 30 * time.Second})
			for _, in := range c.sent {
				if client.closed() {
					break // before the peer's time to answer that is over, too
				}
				client.loop.receive(client.client, bytes.Clone(in))
				client.pass(20 * time.Second)
			}
			assert.Equal(t, c.closed, client.closed())
			if c.closed {
				assert.Equal(t, ReasonFrameTimeout, Reason(client.client.Reason))
			}
		})
	}
}

func TestFrameTimeout_IsExact(t *testing.T) {
	client := newClocked(t, Options{FrameTimeout: 30 * time.Second})
	client.loop.receive(client.client, []byte{0x81})
	client.pass(29 * time.Second)
	require.False(t, client.closed())
	client.pass(time.Second)
	require.True(t, client.closed())
}

func TestFrameTimeout_Off(t *testing.T) {
	client := newClocked(t, Options{FrameTimeout: -1})
	client.loop.receive(client.client, []byte{0x81})
	client.pass(24 * time.Hour)
	require.False(t, client.closed())
}

// It is not the client's fault when it is not read from.
func TestFrameTimeout_NotWhilePaused(t *testing.T) {
	client := newClocked(t, Options{FrameTimeout: 30 * time.Second})
	client.loop.receive(client.client, []byte{0x81})
	client.pass(20 * time.Second)
	client.client.SetPaused(true)
	for range 10 {
		client.pass(20 * time.Second)
	}
	client.client.SetPaused(false)
	client.pass(20 * time.Second)
	require.False(t, client.closed(), "the time begins anew")
	client.pass(20 * time.Second)
	require.True(t, client.closed())
}
