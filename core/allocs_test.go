//go:build !race

package core

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/poll"
	"github.com/gannet-ws/gannet/shard"
)

// still is a server with one loop that the test turns by hand, and a client.
type still struct {
	t      *testing.T
	server *Server
	loop   *loop
	client *shard.Client
	far    int // the client's end
	in     []byte
	out    []byte
}

func newStill(t *testing.T, prepare ...func(*Server)) *still {
	server, err := New(Options{Loops: 1, ClientPublish: true, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for _, p := range prepare {
		p(server)
	}
	l, err := newLoop(server, 0)
	require.NoError(t, err)
	t.Cleanup(l.poll.Discard)
	server.loops[0].Store(l)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
	s := &still{t: t, server: server, loop: l, far: pair[1], in: make([]byte, 1<<12), out: make([]byte, 1<<16)}
	s.client = l.shard.Add(shard.Socket{FD: int32(pair[0])}, nil)
	l.shard.Join(s.client, "general")
	return s
}

// ask has the loop receive a frame, which it unmasks in place, and returns what
// has then been written.
func (s *still) ask(frame []byte) []byte {
	s.loop.receive(s.client, s.in[:copy(s.in, frame)])
	return s.written()
}

// turn has the loop do what was posted, and returns what has then been written.
func (s *still) turn() []byte {
	s.loop.Turn()
	return s.written()
}

func (s *still) written() []byte {
	n, err := unix.Read(s.far, s.out)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.out[:n]
}

func fromClient(op codec.Opcode, payload string) []byte {
	return codec.AppendMaskedFrame(nil, op, true, [4]byte{1, 2, 3, 4}, []byte(payload))
}

// constant is boxed once, as a handler without allocations does it.
var constant any = json.RawMessage(`{"ok":true}`)

func TestAllocs_Request(t *testing.T) {
	cases := map[string]struct {
		op            codec.Opcode
		payload, want string
		answer        codec.Opcode
		allocs        int
	}{
		"system.ping": {codec.OpText, `{"type":"system","action":"ping"}`, `{"type":"system","action":"pong"}`, codec.OpText, 0},
		"no response": {codec.OpText, `{"type":"test","action":"nil","id":7,"data":[1]}`, `{"type":"test","action":"nil","id":7}`, codec.OpText, 0},
		"response": {
			codec.OpText, `{"type":"test","action":"constant","id":"x"}`,
			`{"type":"test","action":"constant","response":{"ok":true},"id":"x"}`, codec.OpText, 0,
		},
		"binary": {
			codec.OpBinary, `{"type":"test","action":"constant"}`,
			`{"type":"test","action":"constant","response":{"ok":true}}`, codec.OpText, 0,
		},
		"unknown route": {
			codec.OpText, `{"type":"test","action":"other"}`,
			`{"type":"test","action":"other","response":{"error":"Unknown route","code":"UNKNOWN_ROUTE"}}`, codec.OpText, 0,
		},
		"not JSON": { // sonic makes an error of two pieces
			codec.OpText, `{"type":`,
			`{"type":"error","action":"message","data":{"error":"Failed to parse JSON"}}`, codec.OpText, 2,
		},
		"no envelope": {
			codec.OpText, `[1,2]`,
			`{"type":"error","action":"message","data":{"error":"Missing WebSocket message type"}}`, codec.OpText, 0,
		},
		"error": {
			codec.OpText, `{"type":"test","action":"error"}`,
			`{"type":"error","action":"message","data":{"error":"Not here","code":"NOT_HERE"}}`, codec.OpText, 0,
		},
		"protocol ping": {codec.OpPing, "are you there", "are you there", codec.OpPong, 0},
	}
	notHere := &Error{Text: "Not here", Code: "NOT_HERE"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStill(t, func(s *Server) {
				s.Handle("test", "nil", func(*Context) (any, error) { return nil, nil })
				s.Handle("test", "constant", func(*Context) (any, error) { return constant, nil })
				s.Handle("test", "error", func(*Context) (any, error) { return nil, notHere })
			})
			frame := fromClient(c.op, c.payload)
			require.Equal(t, string(codec.AppendFrame(nil, c.answer, []byte(c.want))), string(s.ask(frame)))
			require.EqualValues(t, c.allocs, testing.AllocsPerRun(1000, func() { s.ask(frame) }))
		})
	}
}

// publishAllocs is what publishing to a room allocates, from code or by a
// client's room.publish: the message and its frame.
const publishAllocs = 2

func TestAllocs_Publish(t *testing.T) {
	s := newStill(t)
	payload := []byte(`{"type":"test","action":"event"}`)
	publish := func() []byte {
		_, _ = s.server.Publish(Publication{To: Room("general"), Message: codec.NewMessage(codec.OpText, payload)})
		return s.turn()
	}
	require.Equal(t, string(codec.AppendFrame(nil, codec.OpText, payload)), string(publish()))
	require.EqualValues(t, publishAllocs, testing.AllocsPerRun(1000, func() { publish() }))
}

func TestAllocs_RoomPublish(t *testing.T) {
	s := newStill(t)
	frame := fromClient(codec.OpText, `{"type":"room","action":"publish","data":{"roomName":"general","data":{"text":"hello"}}}`)
	publish := func() []byte {
		s.ask(frame)
		return s.turn()
	}
	require.Contains(t, string(publish()), `"data":{"text":"hello"}}}`)
	require.EqualValues(t, publishAllocs, testing.AllocsPerRun(1000, func() { publish() }))
}

// upgradeAllocs is what a connection allocates from the accept to its end: its
// handshake.
const upgradeAllocs = 1

func TestAllocs_Upgrade(t *testing.T) {
	s := newStill(t, func(s *Server) { s.options.MaxConnectionsPerAddress = 10 })
	request := codec.AppendUpgradeRequest(nil, "localhost", s.server.options.Path, []byte("dGhlIHNhbXBsZSBub25jZQ=="), "")
	comeAndGo := func() (answer []byte) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.far = pair[1]
		s.loop.open(pair[0], &listener{}, netip.MustParseAddr("192.0.2.1"))
		_, _ = unix.Write(pair[1], request)
		s.loop.Ready(s.loop.handshakes[0], poll.Input)
		answer = s.written()
		_ = unix.Close(pair[1])
		s.loop.poll.Each(func(_ poll.Handle, is any) {
			if c, ok := is.(*shard.Client); ok {
				s.loop.clientReady(c, poll.Input)
			}
		})
		return answer
	}
	require.Contains(t, string(comeAndGo()), "HTTP/1.1 101 Switching Protocols")
	require.EqualValues(t, upgradeAllocs, testing.AllocsPerRun(1000, func() { comeAndGo() }))
	require.EqualValues(t, 1, s.loop.shard.Len(), "only the first one is left")
}
