package core

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/poll"
	"github.com/gannet-ws/gannet/shard"
)

// upgradeRequest asks for a connection.
var upgradeRequest = codec.AppendUpgradeRequest(nil, "localhost", "/ws", []byte("dGhlIHNhbXBsZSBub25jZQ=="), "")

// Whatever happens to connections, in the end none is counted, by any loop: of those
// that come and go, are refused, break off in the middle, or are there when the server
// stops.
func TestPerAddress_NobodyIsCountedInTheEnd(t *testing.T) {
	server, err := New(Options{
		Addr: "127.0.0.1:0", Loops: 4, MaxConnectionsPerAddress: 3, MaxHandshakes: 16,
		JWTSecret: "a secret of some length, for tests", DrainTimeout: time.Millisecond, DrainPeriod: -1, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	require.True(t, server.WaitRunning(ctx))

	bad := codec.AppendUpgradeRequest(nil, "localhost", "/ws?token=bad", []byte("dGhlIHNhbXBsZSBub25jZQ=="), "")
	var peers sync.WaitGroup
	var open [8]net.Conn
	for k := range open {
		peers.Go(func() {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+k%2))}}
			for i := range 60 {
				conn, err := dialer.Dial("tcp", server.Addr().String())
				if !assert.NoError(t, err) {
					return
				}
				switch i % 5 {
				case 0, 3:
					_, _ = conn.Write(upgradeRequest)
					_, _ = http.ReadResponse(bufio.NewReader(conn), nil)
				case 1:
					_, _ = conn.Write(bad)
					_, _ = io.ReadAll(conn)
				case 2:
					_, _ = conn.Write(upgradeRequest[:40])
				case 4:
					_, _ = conn.Write([]byte("nonsense\r\n\r\n")) // whose answer is not awaited
				}
				if open[k] != nil {
					_ = open[k].Close()
				}
				open[k] = conn // the last stays
			}
		})
	}
	peers.Wait()
	require.LessOrEqual(t, server.Stats().Clients, 6)
	require.LessOrEqual(t, server.admission.addresses.len(), 2)
	stop()
	require.NoError(t, <-ended)
	require.Zero(t, server.admission.addresses.len())
	require.Zero(t, server.connections.Load())
	require.Zero(t, server.served.Load())
	for _, conn := range open {
		_ = conn.Close()
	}
}

// Handshakes of one network of IPv6 count together from the accept on, until they end.
func TestPerAddress_HandshakesOfANetwork(t *testing.T) {
	server, err := New(Options{Loops: 1, MaxConnectionsPerAddress: fewHandshakes - 1, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	l, err := newLoop(server, 0)
	require.NoError(t, err)
	defer l.poll.Discard()
	knock := func(from string) (in bool) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(pair[1]) })
		before := len(l.handshakes)
		l.open(pair[0], &listener{}, netip.MustParseAddr(from))
		return len(l.handshakes) > before
	}
	for n := range fewHandshakes {
		require.True(t, knock(fmt.Sprintf("2001:db8::%x", n)))
	}
	require.False(t, knock("2001:db8::ffff:ffff:ffff:ffff"))
	require.EqualValues(t, 1, l.counters.Refused[refusedPerAddress])
	require.True(t, knock("2001:db8:0:1::1"), "of another network")
	require.True(t, knock("192.0.2.1"))
	l.dropHandshake(l.handshakes[0])
	require.True(t, knock("2001:db8::1:2:3:4"), "in the place of the one that has gone")
	require.False(t, knock("2001:db8::2"))
	require.Equal(t, fewHandshakes+2, len(l.handshakes))
	l.dropAll()
	require.Zero(t, server.admission.addresses.len())
	require.Zero(t, server.connections.Load())
	require.Empty(t, l.arrivals.from)
}

// As many handshakes are awaited as may be, and as many of those that have been refused.
func TestMaxHandshakes_OfEachKind(t *testing.T) {
	const most = 4
	server, err := New(Options{Loops: 1, MaxHandshakes: most, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	l, err := newLoop(server, 0)
	require.NoError(t, err)
	defer l.poll.Discard()
	knock := func(sends string) *handshake {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(pair[1]) })
		l.open(pair[0], &listener{}, netip.MustParseAddr("192.0.2.1"))
		h := l.arrivals.all.newest.of
		if sends != "" {
			_, err = unix.Write(pair[1], []byte(sends))
			require.NoError(t, err)
			l.Ready(h, poll.Input)
		}
		return h
	}
	for _, sends := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", ""} {
		var came []*handshake
		for range most {
			came = append(came, knock(sends))
		}
		for n := range 2 * most {
			require.Equal(t, sends != "", came[n].refused)
			require.False(t, came[n].closed, "it has a place until one more comes")
			came = append(came, knock(sends))
			require.True(t, came[n].closed, "the oldest makes room")
		}
	}
	require.Len(t, l.handshakes, 2*most)
	require.EqualValues(t, 2*most, l.counters.Refused[refusedHandshakes])
	l.dropAll()
	require.Empty(t, l.handshakes)
}

// Who connects through a Unix socket has no address: there is nothing to count and to
// show, unless a proxy there is trusted to say more.
func TestAddress_OfAUnixSocket(t *testing.T) {
	for _, tt := range []struct {
		trusted []string
		want    netip.Addr
	}{
		{nil, netip.Addr{}},
		{[]string{"0.0.0.0/0", "::/0"}, netip.Addr{}},
		{[]string{"unix"}, netip.MustParseAddr("192.0.2.1")},
	} {
		t.Run(fmt.Sprint(tt.trusted), func(t *testing.T) {
			server, err := New(Options{Loops: 1, MaxConnectionsPerAddress: 1, TrustedProxies: tt.trusted, Log: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			l, err := newLoop(server, 0)
			require.NoError(t, err)
			defer l.poll.Discard()
			upgraded := 0
			for range 2 {
				pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
				require.NoError(t, err)
				defer unix.Close(pair[1])
				l.open(pair[0], &listener{}, netip.Addr{})
				_, err = unix.Write(pair[1], codec.AppendUpgradeRequest(nil, "localhost", "/ws", []byte("dGhlIHNhbXBsZSBub25jZQ=="), "X-Forwarded-For: 192.0.2.1\r\n"))
				require.NoError(t, err)
				l.Ready(l.handshakes[len(l.handshakes)-1], poll.Input)
			}
			l.shard.Each(0, l.shard.Slots(), func(c *shard.Client) {
				upgraded++
				info := l.view(c).Info()
				require.Equal(t, tt.want, info.Address)
				written, err := json.Marshal(info)
				require.NoError(t, err)
				if !tt.want.IsValid() {
					require.Contains(t, string(written), `"address":""`)
				}
			})
			if tt.want.IsValid() {
				require.Equal(t, 1, upgraded, "the second is one too many from there")
				return
			}
			require.Equal(t, 2, upgraded)
			for range fewHandshakes + 1 {
				pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
				require.NoError(t, err)
				defer unix.Close(pair[1])
				l.open(pair[0], &listener{}, netip.Addr{})
			}
			require.Len(t, l.handshakes, fewHandshakes+1)
			require.Zero(t, server.admission.addresses.len())
			l.dropAll()
			require.Zero(t, server.admission.addresses.len())
		})
	}
}

// What a peer can have a server keep before it is a client is bounded, in however
// small pieces it comes.
func TestHandshake_HeadIsBounded(t *testing.T) {
	const most = 8 << 10
	for name, tt := range map[string]struct {
		begin   string
		mode    ProxyProtocol
		refused refusal
	}{
		"request":      {"GET /ws HTTP/1.1\r\nX-Padding: ", ProxyOff, refusedHeadTooLarge},
		"lines":        {"GET /ws HTTP/1.1\r\n" + strings.Repeat("A:\r\n", 500), ProxyOff, refusedHeadTooLarge},
		"PROXY line":   {"PROXY ", ProxyRequire, refusedProxyHeader},
		"PROXY header": {"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x0f\xf0", ProxyRequire, refusedHeadTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := New(Options{Loops: 1, MaxRequestHead: most, ProxyProtocol: tt.mode, Log: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			l, err := newLoop(server, 0)
			require.NoError(t, err)
			defer l.poll.Discard()
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			require.NoError(t, err)
			defer unix.Close(pair[1])
			l.open(pair[0], &listener{}, netip.Addr{})
			h := l.handshakes[0]
			piece := []byte(tt.begin)
			for sent := 0; !h.refused; sent += len(piece) {
				require.Less(t, sent, most+codec.MaxProxyHeader+1000, "it is refused in the end")
				_, err = unix.Write(pair[1], piece)
				require.NoError(t, err)
				l.Ready(h, poll.Input)
				require.LessOrEqual(t, cap(h.head), 2*most)
				piece = bytes.Repeat([]byte("x"), 100)
			}
			require.Nil(t, h.head)
			require.EqualValues(t, 1, l.counters.Refused[tt.refused])
			require.Zero(t, l.arrivals.all.size)
		})
	}
}
