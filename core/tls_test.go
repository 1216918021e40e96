package core_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	gannet "github.com/gannet-ws/gannet/core/client"
)

var errTimedOut = os.ErrDeadlineExceeded

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func TestTLS_BothListenersServe(t *testing.T) {
	for name, version := range tlsVersions {
		t.Run(name, func(t *testing.T) {
			options := core.Options{Loops: 2}
			trusting := withTLS(t, &options)
			server := newServer(t, options)
			stop := run(t, server)
			trusting.MaxVersion = version
			secret, plain := connectTLS(t, server, trusting), connect(t, server)
			for _, c := range []*client{secret, plain} {
				require.Equal(t, wirePong, c.ask(askPing))
				c.join("r")
			}
			for n := range 100 {
				_, err := server.Publish(note{"all", n}.to(core.Room("r")))
				require.NoError(t, err)
			}
			secret.receiveNotes("all", 0, 100)
			plain.receiveNotes("all", 0, 100)
			secret.quiet()
			stats := server.Stats()
			require.EqualValues(t, 1, stats.TLSHandshakes)
			require.Zero(t, stats.TLSFailures)
			require.InDelta(t, time.Now().Add(time.Hour).Unix(), stats.TLSExpires, 60)
			stopsInTime(t, stop)
			require.Equal(t, closing{1012, "draining"}, secret.end())
			require.Nil(t, server.TLSAddr())
		})
	}
}

// Messages of all sizes, in both directions.
func TestTLS_Sizes(t *testing.T) {
	server, trusting := startTLS(t, core.Options{MaxMessageSize: 2 << 20}, func(s *core.Server) {
		s.Handle("test", "same", func(c *core.Context) (any, error) { return json.RawMessage(bytes.Clone(c.Data())), nil })
	})
	c := connectTLS(t, server, trusting)
	for _, size := range []int{0, 1, 100, 16 << 10, 64<<10 - 1, 64 << 10, 200_000, 1 << 20} {
		data := `"` + strings.Repeat("x", size) + `"`
		answer := c.ask(`{"type":"test","action":"same","data":` + data + `}`)
		require.True(t, `{"type":"test","action":"same","response":`+data+`}` == answer, size)
	}
}

// crumbs writes everything in pieces of three bytes.
type crumbs struct{ net.Conn }

func (c crumbs) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = c.Conn.Write(p[n:min(n+3, len(p))])
		n += more
	}
	return n, err
}

func TestTLS_CutInput(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	conn := rawTLS(t, server)
	require.NoError(t, conn.(*net.TCPConn).SetNoDelay(true))
	secret := tls.Client(crumbs{conn}, trusting)
	p := &wirePeer{t, secret, bufio.NewReader(secret)}
	// The request, two frames, and the beginning of a third come at once.
	frame := wireFrame(0x81, askPing)
	p.write(wireRequest("/ws") + frame + frame + frame[:5])
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	p.write(frame[5:])
	for range 3 {
		require.Equal(t, wirePong, p.text())
	}
}

// shortRecords writes what is first written, one record, as records of so many bytes.
type shortRecords struct {
	net.Conn
	size int
	done bool
}

func (s *shortRecords) Write(p []byte) (n int, err error) {
	if s.done {
		return s.Conn.Write(p)
	}
	s.done = true
	const head = 5
	var records []byte
	for piece := range slices.Chunk(p[head:], s.size) {
		records = append(records, p[:head-2]...)
		records = binary.BigEndian.AppendUint16(records, uint16(len(piece)))
		records = append(records, piece...)
	}
	_, err = s.Conn.Write(records)
	return len(p), err
}

// A ClientHello may come in several records, RFC 8446 section 5.1.
func TestTLS_HelloInShortRecords(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	for name, version := range tlsVersions {
		for _, size := range []int{1, 3, 4, 100} {
			config := trusting.Clone()
			config.MaxVersion = version
			conn := tls.Client(&shortRecords{Conn: rawTLS(t, server), size: size}, config)
			require.NoError(t, conn.Handshake(), "%s, %d bytes", name, size)
			p := &wirePeer{t, conn, bufio.NewReader(conn)}
			p.write(wireRequest("/ws") + wireFrame(0x81, askPing))
			answer, err := http.ReadResponse(p.in, nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
			require.Equal(t, wirePong, p.text())
		}
	}
}

func TestTLS_SlowReaderGetsAllInOrder(t *testing.T) {
	server, trusting := startTLS(t, core.Options{MaxBacklog: 64 << 20})
	p, _ := openTLS(t, server, trusting)
	b := &bare{Conn: readerConn{p.conn, p.in}}
	data := `"` + strings.Repeat("x", 50_000) + `"`
	const messages = 400
	for n := range messages {
		message := newMessage("test", fmt.Sprint(n), []byte(data))
		_, err := server.Publish(core.Publication{To: core.All(), Message: message})
		require.NoError(t, err)
	}
	eventually(t, func() bool { return server.Stats().Blocked == 1 }, "the socket is full")
	for n := range messages {
		op, payload, err := b.frame()
		require.NoError(t, err)
		require.Equal(t, codec.OpText, op)
		require.True(t, strings.HasPrefix(payload, fmt.Sprintf(`{"type":"test","action":"%d"`, n)), n)
	}
	eventually(t, func() bool { s := server.Stats(); return s.Blocked == 0 && s.Backlog == 0 }, "nothing waits any more")
}

// readerConn reads from a connection what a reader has taken of it, too.
type readerConn struct {
	net.Conn
	io.Reader
}

func (c readerConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func TestTLS_SlowConsumerIsTold(t *testing.T) {
	server, trusting := startTLS(t, core.Options{MaxBacklog: 200 << 10, CloseTimeout: patience})
	p, _ := openTLS(t, server, trusting)
	b := &bare{Conn: readerConn{p.conn, p.in}}
	message := newMessage("test", "large", []byte(`"`+strings.Repeat("x", 50_000)+`"`))
	eventually(t, func() bool {
		_, err := server.Publish(core.Publication{To: core.All(), Message: message})
		return assert.NoError(t, err) && server.Stats().Dropped > 0
	}, "the backlog is full")
	for {
		op, payload, err := b.frame()
		require.NoError(t, err)
		if op == codec.OpClose {
			require.Equal(t, "\x03\xf5slow consumer", payload)
			break
		}
	}
	_, _ = b.Write(masked(codec.OpClose, "\x03\xf5"))
	_, err := p.in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

// What ends a connection arrives, and then its proper end.
func TestTLS_CloseCodes(t *testing.T) {
	server, trusting := startTLS(t, core.Options{}, tellID)
	t.Run("of the server", func(t *testing.T) {
		c := connectTLS(t, server, trusting)
		require.True(t, server.Disconnect(idOf(c), "enough"))
		require.Equal(t, closing{1008, "enough"}, c.end())
	})
	t.Run("of the protocol", func(t *testing.T) {
		p, _ := openTLS(t, server, trusting)
		p.write(wireFrame(0x83, "unknown"))
		require.EqualValues(t, 1002, p.closed().code)
	})
	t.Run("of the client", func(t *testing.T) {
		p, _ := openTLS(t, server, trusting)
		p.write(wireClose(1000, "bye"))
		require.EqualValues(t, 1000, p.closed().code)
	})
	eventually(t, func() bool {
		return server.Stats().Closed["peer_closed"] >= 1
	}, "the client's close is counted")
}

func TestTLS_RefusalsCanBeRead(t *testing.T) {
	server, trusting := startTLS(t, core.Options{JWTPublicKey: newEdDSA(t).public(), RequireAuth: true})
	for target, status := range map[string]int{"/elsewhere": 404, "/ws": 401, "/ws?token=bad": 401} {
		conn := tls.Client(rawTLS(t, server), trusting)
		_, err := io.WriteString(conn, wireRequest(target))
		require.NoError(t, err)
		in := bufio.NewReader(conn)
		answer, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		require.Equal(t, status, answer.StatusCode, target)
		_, err = io.ReadAll(answer.Body)
		require.NoError(t, err)
		_, err = in.ReadByte()
		require.ErrorIs(t, err, io.EOF)
	}
}

// A token that is checked on the pool delays the upgrade, and what comes meanwhile
// is not lost.
func TestTLS_LateUpgrade(t *testing.T) {
	from := newEdDSA(t)
	server, trusting := startTLS(t, core.Options{JWTPublicKey: from.public()})
	conn := tls.Client(rawTLS(t, server), trusting)
	p := &wirePeer{t, conn, bufio.NewReader(conn)}
	p.write(wireRequest("/ws?token="+from.token(`{"sub":"ada"}`)) + wireFrame(0x81, askPing))
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	_, greeting := p.frame()
	require.Contains(t, greeting, `"userId":"ada"`)
	require.Equal(t, wirePong, p.text())
	p.write(wireFrame(0x81, askPing))
	require.Equal(t, wirePong, p.text())
}

func TestTLS_Resumes(t *testing.T) {
	for name, version := range tlsVersions {
		t.Run(name, func(t *testing.T) {
			server, trusting := startTLS(t, core.Options{Loops: 2})
			trusting.MaxVersion = version
			trusting.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for _, resumed := range []bool{false, true} {
				_, conn := openTLS(t, server, trusting)
				require.Equal(t, resumed, conn.ConnectionState().DidResume)
			}
		})
	}
}

// A new certificate is for new connections; those that are there go on.
func TestTLS_RenewedCertificate(t *testing.T) {
	var current atomic.Pointer[tls.Certificate]
	first, trustingFirst := certificateFor(t, 1)
	second, trustingSecond := certificateFor(t, 2)
	current.Store(&first)
	server := start(t, core.Options{TLSAddr: "127.0.0.1:0", TLSConfig: &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
	}})
	old := connectTLS(t, server, trustingFirst)
	current.Store(&second)
	renewed := connectTLS(t, server, trustingSecond)
	for _, c := range []*client{old, renewed} {
		require.Equal(t, wirePong, c.ask(askPing))
	}
	_, err := dial(t, "wss://"+server.TLSAddr().String()+"/ws", withTLSConfig(trustingFirst))
	require.Error(t, err, "the old one is not shown any more")
}

// The peer says that it is done, and nothing else.
func TestTLS_HalfClosed(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	p, conn := openTLS(t, server, trusting)
	p.write(wireFrame(0x81, askPing))
	require.Equal(t, wirePong, p.text())
	require.NoError(t, conn.CloseWrite())
	gone(t, server)
	require.EqualValues(t, 1, server.Stats().Closed["peer_gone"])
}

// Records that do not fit together end their connection, and nobody else's.
func TestTLS_BadRecords(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 1})
	neighbour := connectTLS(t, server, trusting)
	for _, record := range []string{"\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), "\x15\x03\x03\xff\xff", "GET / HTTP/1.1\r\n\r\n"} {
		_, conn := openTLS(t, server, trusting)
		_, err := io.WriteString(conn.NetConn(), record)
		require.NoError(t, err)
		_, err = io.ReadAll(conn)
		require.ErrorContains(t, err, "remote error", "an alert says why")
	}
	require.Equal(t, wirePong, neighbour.ask(askPing))
	eventually(t, func() bool { return server.Stats().Clients == 1 }, "the others are gone")
}

func TestTLS_NotTLS(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	garbage := [][]byte{[]byte("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n"), {0}, bytes.Repeat([]byte{0x80}, 1000), []byte("\x16\x03\x01\xff\xff\x01")}
	for i, sent := range garbage {
		conn := rawTLS(t, server)
		_, err := conn.Write(sent)
		require.NoError(t, err)
		sendsNothingMore(t, conn)
		eventually(t, func() bool { return server.Stats().Refused["not_tls"] == uint64(i+1) }, "it is counted")
	}
	require.EqualValues(t, len(garbage), server.Stats().TLSFailures)
	require.Equal(t, wirePong, connectTLS(t, server, trusting).ask(askPing))
}

func TestTLS_HandshakesThatFail(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	for name, change := range map[string]func(*tls.Config){
		"too old a version": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"another protocol":  func(c *tls.Config) { c.NextProtos = []string{"h2"} },
	} {
		config := trusting.Clone()
		change(config)
		err := tls.Client(rawTLS(t, server), config).Handshake()
		require.ErrorContains(t, err, "remote error", name)
	}
	eventually(t, func() bool { return server.Stats().Refused["tls_failed"] == 2 }, "they are counted")
	config := trusting.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	_, conn := openTLS(t, server, config)
	require.Equal(t, "http/1.1", conn.ConnectionState().NegotiatedProtocol)
	stranger := tls.Client(rawTLS(t, server), &tls.Config{ServerName: "localhost"}) // who does not trust the server leaves
	require.Error(t, stranger.Handshake())
	_ = stranger.NetConn().Close()
	eventually(t, func() bool { return server.Stats().TLSFailures == 3 }, "that is counted, too")
}

// hello returns what a client says first.
func hello(t testing.TB) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	shaken := make(chan error, 1)
	go func() { shaken <- tls.Client(far, &tls.Config{ServerName: "localhost"}).Handshake() }()
	t.Cleanup(func() { _ = far.Close(); <-shaken })
	buffer := make([]byte, 1<<14)
	n, err := near.Read(buffer)
	require.NoError(t, err)
	return buffer[:n]
}

// A peer that says little, or nothing, has no handshake, and ends by the deadline.
func TestTLS_SilentPeers(t *testing.T) {
	server, trusting := startTLS(t, core.Options{MaxTLSHandshakes: 1, HandshakeTimeout: 500 * time.Millisecond})
	first := hello(t)
	for _, sent := range [][]byte{nil, first[:1], first[:len(first)-1]} {
		conn := rawTLS(t, server)
		_, err := conn.Write(sent)
		require.NoError(t, err)
		defer sendsNothingMore(t, conn)
	}
	require.Equal(t, wirePong, connectTLS(t, server, trusting).ask(askPing), "there is room for a handshake")
	eventually(t, func() bool { return server.Stats().Refused["handshake_timeout"] == 3 }, "the deadline ends them")
	require.Zero(t, server.Stats().TLSFailures)
}

// A server that stops does not wait for handshakes.
func TestTLS_StopsDuringHandshakes(t *testing.T) {
	options := core.Options{DrainTimeout: 100 * time.Millisecond}
	withTLS(t, &options)
	server := newServer(t, options)
	stop := run(t, server)
	for range 3 {
		conn := rawTLS(t, server)
		_, err := conn.Write(hello(t))
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	stopsInTime(t, stop)
	require.Zero(t, server.Stats().Connections)
}

// The client in Go speaks it, too.
func TestTLS_GoClient(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	c, err := gannet.New(gannet.Options{URL: "wss://" + server.TLSAddr().String() + "/ws", TLS: trusting})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, c.Connect(ctx))
	defer c.Close()
	require.NoError(t, c.Join(ctx, "general"))
	assert.Equal(t, 1, server.MemberCount("general"))
}

func TestTLS_OptionsThatCannotBe(t *testing.T) {
	certificate, _ := certificateFor(t, 1)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	for says, options := range map[string]core.Options{
		"tls-addr needs a certificate: set tls-cert and tls-key":     {TLSAddr: ":0"},
		"a certificate is of no use without a listener for TLS":      {TLSConfig: config},
		"max-tls-handshakes must be above zero":                      {MaxTLSHandshakes: -1},
		"unix-socket cannot be shared by several workers: the kerne": {UnixSocket: "x", Worker: &core.Worker{}},
	} {
		_, err := core.New(options)
		require.ErrorContains(t, err, says)
	}
	held, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer held.Close()
	for _, addr := range []string{held.Addr().String(), "192.0.2.1:0"} {
		server := newServer(t, core.Options{TLSAddr: addr, TLSConfig: config})
		require.ErrorContains(t, server.Run(t.Context()), "cannot listen for WebSocket connections")
	}
	// The plain listener's address is not for both.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	server := newServer(t, core.Options{Addr: addr, TLSAddr: addr, TLSConfig: config})
	require.ErrorContains(t, server.Run(t.Context()), "address already in use")
}

// recorder keeps what is read of a connection.
type recorder struct {
	net.Conn
	got []byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.got = append(r.got, p[:n]...)
	return n, err
}

// lastType is the type of the last record.
func (r *recorder) lastType() (typ byte) {
	for rest := r.got; len(rest) >= 5; {
		typ = rest[0]
		rest = rest[min(len(rest), 5+int(rest[3])<<8+int(rest[4])):]
	}
	return typ
}

// The last record is the notice that nothing more comes: without it a peer could not
// tell the end from a connection that was cut. TLS 1.2 shows the types of records.
func TestTLS_EndsWithCloseNotify(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	trusting.MaxVersion = tls.VersionTLS12
	for name, sent := range map[string]string{
		"a refusal":      wireRequest("/elsewhere"),
		"a closed frame": wireRequest("/ws") + wireClose(1000, ""),
		"a bad frame":    wireRequest("/ws") + wireFrame(0x83, "unknown"),
	} {
		wire := &recorder{Conn: rawTLS(t, server)}
		conn := tls.Client(wire, trusting)
		_, err := io.WriteString(conn, sent)
		require.NoError(t, err)
		_, err = io.ReadAll(conn)
		require.NoError(t, err, name)
		require.EqualValues(t, 21, wire.lastType(), name)
	}
}
