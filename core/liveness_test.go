package core_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

const broadcastSecret = "the key of the broadcast tests"

func tokenFor(t testing.TB, subject any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": subject}).SignedString([]byte(broadcastSecret))
	require.NoError(t, err)
	return token
}

const bareKey = "dGhlIHNhbXBsZSBub25jZQ=="

// upgradeRequest is a whole upgrade request.
func upgradeRequest(server *core.Server) []byte { return upgradeRequestAt(server.Options().Path) }

func upgradeRequestAt(path string) []byte {
	return codec.AppendUpgradeRequest(nil, "test", path, []byte(bareKey), "")
}

// upgrade makes a WebSocket of a connection.
func upgrade(t testing.TB, server *core.Server, conn net.Conn) *bare {
	t.Helper()
	return upgradeAt(t, conn, server.Options().Path)
}

// upgradeAt is upgrade for a path.
func upgradeAt(t testing.TB, conn net.Conn, path string) *bare {
	t.Helper()
	_, err := conn.Write(upgradeRequestAt(path))
	require.NoError(t, err)
	b := &bare{Conn: conn}
	for {
		status, n, err := codec.ParseUpgradeResponse(b.in, []byte(bareKey))
		require.NoError(t, err)
		if n > 0 {
			require.Equal(t, 101, status)
			b.in = b.in[n:]
			return b
		}
		require.NoError(t, b.more())
	}
}

// gone waits until the server has forgotten all connections.
func gone(t *testing.T, server *core.Server) {
	t.Helper()
	eventually(t, func() bool { return server.Stats().Connections == 0 }, "all connections are forgotten")
	stats := server.Stats()
	assert.Equal(t, [3]int{}, [3]int{stats.Clients, stats.Rooms, stats.Users})
}

// ended reads until the server ends the connection and returns what came before.
func ended(t *testing.T, conn net.Conn) string {
	t.Helper()
	all, err := io.ReadAll(conn)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection does not end")
	return string(all)
}

func TestPing_SilentPeerIsDropped(t *testing.T) {
	server := start(t, core.Options{PingInterval: 50 * time.Millisecond, PingTimeout: time.Second})
	alive := connect(t, server)
	silent := upgrade(t, server, raw(t, server))
	op, payload, err := silent.frame()
	require.NoError(t, err)
	require.Equal(t, codec.OpPing, op)
	require.Empty(t, payload+ended(t, silent), "pinged once")
	eventually(t, func() bool { return len(alive.pings) >= 3 }, "a client that answers is pinged again")
	require.JSONEq(t, `{"type":"system","action":"pong"}`, alive.ask(`{"type":"system","action":"ping"}`))
	stats := server.Stats()
	assert.EqualValues(t, 1, stats.Closed["ping_timeout"])
	assert.Equal(t, 1, stats.Clients)
}

func TestHandshakeTimeout(t *testing.T) {
	cases := map[string]func(net.Conn, []byte){
		"nothing":      func(net.Conn, []byte) {},
		"half of it":   func(conn net.Conn, request []byte) { _, _ = conn.Write(request[:len(request)/2]) },
		"byte by byte": slowly,
	}
	for name, speak := range cases {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{HandshakeTimeout: 100 * time.Millisecond})
			conn := raw(t, server)
			spoken := make(chan struct{})
			go func() { defer close(spoken); speak(conn, upgradeRequest(server)) }()
			require.Empty(t, ended(t, conn))
			_ = conn.Close()
			<-spoken
			gone(t, server)
			assert.EqualValues(t, 1, server.Stats().Refused["handshake_timeout"])
		})
	}
}

// slowly writes a request that does not end, a byte at a time, until it fails.
func slowly(conn net.Conn, request []byte) {
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	request = append(request[:len(request)-2], bytes.Repeat([]byte("a"), 4000)...)
	for i := range request {
		<-every.C
		if _, err := conn.Write(request[i : i+1]); err != nil {
			return
		}
	}
}

func (b *bare) write(t *testing.T, p []byte) {
	t.Helper()
	_, err := b.Write(p)
	require.NoError(t, err)
}

// A peer that ends its half is answered, if it has asked, and forgotten.
func TestHalfClosed(t *testing.T) {
	pong := string(codec.AppendFrame(nil, codec.OpText, []byte(`{"type":"system","action":"pong"}`)))
	ping := masked(codec.OpText, `{"type":"system","action":"ping"}`)
	server := start(t, core.Options{HandshakeTimeout: time.Hour, CloseTimeout: time.Hour, PingInterval: -1})
	request := upgradeRequest(server)
	cases := map[string]struct {
		sent []byte
		want string // the answer's end
	}{
		"before the request": {nil, ""},
		"in the request":     {request[:40], ""},
		"behind the request": {request, "\r\n\r\n"},
		"refused":            {[]byte("nonsense\r\n\r\n"), "}"},
		"in a frame":         {append(slices.Clone(request), ping[:9]...), "\r\n\r\n"},
		"behind a request":   {append(slices.Clone(request), ping...), pong},
		"behind a close":     {append(slices.Clone(request), masked(codec.OpClose, "\x03\xe8")...), "\x88\x02\x03\xe8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			conn := raw(t, server)
			_, err := conn.Write(c.sent)
			require.NoError(t, err)
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			answer := ended(t, conn)
			assert.True(t, strings.HasSuffix(answer, c.want), "%q", answer)
			assert.Equal(t, c.want == "", answer == "")
			gone(t, server)
		})
	}
}

// Peers that vanish without a word, by a reset, at every stage.
func TestVanish(t *testing.T) {
	const times = 500
	server := start(t, core.Options{JWTSecret: broadcastSecret, HandshakeTimeout: time.Hour, PingInterval: -1})
	withToken := codec.AppendUpgradeRequest(nil, "test", "/ws?token="+tokenFor(t, "ada"), []byte(bareKey), "")
	join := masked(codec.OpText, `{"type":"system","action":"joinRoom","data":{"roomName":"r"}}`)
	stages := map[string]struct {
		sent  []byte
		await string // is read before the reset
	}{
		"before the request": {nil, ""},
		"in the request":     {withToken[:100], ""},
		"behind the request": {withToken, ""},
		"upgraded":           {withToken, "authenticated"},
		"in a room":          {append(slices.Clone(withToken), join...), "Successfully joined"},
		"joining":            {append(slices.Clone(withToken), join...), ""},
		"in a frame":         {slices.Concat(withToken, join, join[:20]), "Successfully joined"},
		"refused":            {[]byte("nonsense\r\n\r\n"), "error"},
	}
	for name, stage := range stages {
		t.Run(name, func(t *testing.T) {
			for i := range times {
				conn := raw(t, server).(*net.TCPConn)
				_, err := conn.Write(stage.sent)
				require.NoError(t, err)
				awaitText(t, conn, stage.await)
				_, err = server.Publish(note{"to those who vanish", i}.to(core.Room("r")))
				require.NoError(t, err)
				require.NoError(t, conn.SetLinger(0))
				require.NoError(t, conn.Close())
			}
			gone(t, server)
		})
	}
	require.JSONEq(t, `{"type":"system","action":"pong"}`, connect(t, server).ask(`{"type":"system","action":"ping"}`))
}

// awaitText reads until a text has come.
func awaitText(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	buffer := make([]byte, 4096)
	for n := 0; !bytes.Contains(buffer[:n], []byte(text)); {
		more, err := conn.Read(buffer[n:])
		require.NoError(t, err)
		n += more
	}
}

// A drain ends by the shortest bound that applies, not by the others.
func TestDrain_WaitsForNobodyForEver(t *testing.T) {
	cases := map[string]struct {
		options core.Options
		peer    func(*testing.T, *core.Server, net.Conn)
	}{
		"has not asked":                   {core.Options{CloseTimeout: 100 * time.Millisecond}, func(*testing.T, *core.Server, net.Conn) {}},
		"has asked half":                  {core.Options{CloseTimeout: 100 * time.Millisecond}, askHalf},
		"does not answer the close frame": {core.Options{CloseTimeout: 100 * time.Millisecond}, becomeClient},
		"does not answer, but time is up": {core.Options{CloseTimeout: time.Hour, DrainTimeout: 100 * time.Millisecond}, becomeClient},
		"does not answer in its turn": {core.Options{
			CloseTimeout: time.Hour, DrainTimeout: 200 * time.Millisecond, DrainPeriod: 100 * time.Millisecond,
		}, becomeClient},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.options.Addr, c.options.HandshakeTimeout = "127.0.0.1:0", time.Hour
			c.options.Log = slog.New(slog.DiscardHandler)
			if c.options.DrainPeriod == 0 {
				c.options.DrainPeriod = allAtOnce
			}
			if c.options.DrainTimeout == 0 {
				c.options.DrainTimeout = time.Hour
			}
			server, err := core.New(c.options)
			require.NoError(t, err)
			stop := run(t, server)
			c.peer(t, server, raw(t, server))
			polite := connect(t, server)
			eventually(t, func() bool { return server.Stats().Accepted == 2 }, "both are there")
			stopsInTime(t, stop)
			require.Equal(t, closing{1012, "draining"}, polite.end())
		})
	}
}

func becomeClient(t *testing.T, server *core.Server, conn net.Conn) { upgrade(t, server, conn) }

func askHalf(t *testing.T, server *core.Server, conn net.Conn) {
	_, err := conn.Write(upgradeRequest(server)[:40])
	require.NoError(t, err)
}

func stopsInTime(t *testing.T, stop func() error) {
	t.Helper()
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	select {
	case err := <-stopped:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("the server does not stop")
	}
}

// A server whose context has ended before it listens must not serve for ever.
func TestRun_ContextHasEnded(t *testing.T) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stopsInTime(t, func() error { return server.Run(ctx) })
}

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestRun_AgainInTheSameProcess(t *testing.T) {
	address, descriptors := "127.0.0.1:0", 0
	for round := range 5 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			server, err := core.New(core.Options{Addr: address, Loops: 2, DrainPeriod: allAtOnce, Log: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			stop := run(t, server)
			address = server.Addr().String() // the next one takes it over
			var clients []*client
			for range 10 {
				c := connect(t, server)
				c.join("r")
				clients = append(clients, c)
			}
			_, err = server.Publish(note{"round", round}.to(core.Room("r")))
			require.NoError(t, err)
			for _, c := range clients {
				require.Equal(t, note{"round", round}, c.receiveNote())
			}
			stopsInTime(t, stop)
			for _, c := range clients {
				require.Equal(t, closing{1012, "draining"}, c.end())
			}
			gone(t, server)
		})
		if round == 0 {
			descriptors = openDescriptors(t) // the runtime has its own by now
		}
	}
	require.LessOrEqual(t, openDescriptors(t), descriptors)
}
