package bench

import (
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// caFile writes a certificate to a file.
func caFile(t *testing.T, certificate *x509.Certificate) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}
	require.NoError(t, os.WriteFile(name, pem.EncodeToMemory(block), 0o600))
	return name
}

// testIdentity is the certificate of a test server, for 127.0.0.1 and example.com.
func testIdentity(t *testing.T) (*tls.Config, *x509.Certificate) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	return &tls.Config{Certificates: server.TLS.Certificates}, server.Certificate()
}

// behindTLS puts a server that ends TLS before a target's, until the test ends.
func behindTLS(t *testing.T, target *Target) {
	t.Helper()
	config, certificate := testIdentity(t)
	address := strings.TrimSuffix(strings.TrimPrefix(target.URL, "ws://"), "/ws")
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go forward(conn, address)
		}
	}()
	target.URL = "wss://" + listener.Addr().String() + "/ws"
	target.CA = caFile(t, certificate)
}

// forward copies between a connection and a server until one of them ends.
func forward(conn net.Conn, address string) {
	server, err := net.Dial("tcp4", address)
	if err != nil {
		_ = conn.Close()
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(conn, server)
		_ = conn.Close()
	}()
	_, _ = io.Copy(server, conn)
	_ = server.Close()
	<-back
}

func TestWSS_TrustsOnlyWhomItShould(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *Target)
		says   string // empty: all is well
	}{
		"its CA":     {func(*Target) {}, ""},
		"anybody":    {func(t *Target) { t.CA, t.Insecure = "", true }, ""},
		"the system": {func(t *Target) { t.CA = "" }, "certificate signed by unknown authority; see --tls-ca and --tls-insecure"},
		"another name": {func(t *Target) {
			t.URL = strings.Replace(t.URL, "127.0.0.1", "localhost", 1)
		}, "not localhost; see --tls-ca"},
	} {
		for _, perProcess := range []int{2, 10} {
			target := startFloor(t, nil)
			behindTLS(t, &target)
			test.change(&target)
			target.ConnsPerProcess = perProcess
			err := (&Idle{Target: target, Conns: 3, Rounds: 1}).Run(t.Context(), io.Discard)
			if test.says == "" {
				require.NoError(t, err, name)
				continue
			}
			require.ErrorContains(t, err, "of 3 sockets were ready when one failed: TLS handshake: ", name)
			require.ErrorContains(t, err, test.says, name)
		}
	}
}

func TestWSS_ServersThatDoNotSpeakIt(t *testing.T) {
	answers := func(answer func(conn net.Conn)) string {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer func() { _ = conn.Close() }()
					_, _ = conn.Read(make([]byte, 4096))
					answer(conn)
				}()
			}
		}()
		return listener.Addr().String()
	}
	impatient(t, time.Second)
	for name, test := range map[string]struct {
		answer func(conn net.Conn)
		says   string
	}{
		"plain HTTP": {func(conn net.Conn) { _, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, "TLS handshake: tls: first record does not look like a TLS handshake"},
		"an alert":   {func(conn net.Conn) { _, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, 40}) }, "TLS handshake: remote error: tls: handshake failure"},
		"the end":    {func(net.Conn) {}, "TLS handshake: closed by the server"},
		"silence":    {func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, "0 of 3 sockets were ready, and no other for 1s"},
	} {
		target := Target{URL: "wss://" + answers(test.answer) + "/ws", NoFloor: true, PID: os.Getpid()}
		err := (&Idle{Target: target, Conns: 3, Rounds: 1}).Run(t.Context(), io.Discard)
		require.ErrorContains(t, err, test.says, name)
	}
}

// A break gives up handshakes under way, which nobody hears of any more.
func TestWSS_BreaksInTheMiddleOfHandshakes(t *testing.T) {
	target := startFloor(t, nil)
	behindTLS(t, &target)
	e, err := parseEndpoint(target.URL)
	require.NoError(t, err)
	e.TLS.Insecure = true
	g, err := startGenerator(plan{Endpoint: e, Conns: 60, Rooms: 3, Size: 128, Loops: 2}, 60, nil)
	require.NoError(t, err)
	defer func() { _, _ = g.close() }()
	for range 5 {
		for g.state().Ready < 20 {
			require.NoError(t, pause(t.Context(), time.Millisecond))
		}
		g.sever()
	}
	require.NoError(t, g.connect(t.Context()))
	assert.Equal(t, 60, g.alive())
	assert.NoError(t, g.trouble())
}

// However many sockets come back after a break, their handshakes take turns.
func TestWSS_HandshakesTakeTurns(t *testing.T) {
	const returning = handshakesInFlight + 50
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	var accepted, begun atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			go func() {
				defer func() { _ = conn.Close() }()
				if n, _ := conn.Read(make([]byte, 4096)); n > 0 {
					begun.Add(1)
				}
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	e, err := parseEndpoint("wss://" + listener.Addr().String())
	require.NoError(t, err)
	g, err := startGenerator(plan{Endpoint: e, Conns: returning, Returns: returning}, returning, nil)
	require.NoError(t, err)
	defer func() { _, _ = g.close() }()
	require.Eventually(t, func() bool { return begun.Load() == handshakesInFlight }, patience, time.Millisecond)
	before := accepted.Load()
	accepted.Store(0)
	begun.Store(0)
	assert.Equal(t, int64(handshakesInFlight), before)
	g.sever()
	require.Eventually(t, func() bool { return accepted.Load() == returning && begun.Load() == handshakesInFlight }, patience, time.Millisecond)
	require.NoError(t, pause(t.Context(), strayTime))
	assert.Equal(t, int64(handshakesInFlight), begun.Load())
}

// What a server says with the end of its handshake is not lost.
func TestWSS_ServerThatSpeaksAtOnce(t *testing.T) {
	config, _ := testIdentity(t)
	config.MaxVersion = tls.VersionTLS12 // in which the last word of the handshake is the server's
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", config)
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	accept := sha1.Sum([]byte(string(handshakeKey) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(accept[:]) + "\r\n\r\n"
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(conn, answer)
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	e, err := parseEndpoint("wss://" + listener.Addr().String())
	require.NoError(t, err)
	e.TLS.Insecure = true
	g, err := startGenerator(plan{Endpoint: e, Conns: 100}, 100, nil)
	require.NoError(t, err)
	defer func() { _, _ = g.close() }()
	require.NoError(t, g.connect(t.Context()))
}

// The end of TLS is an end like any other.
func TestWSS_ServerThatCloses(t *testing.T) {
	upgrader := gws.NewUpgrader(&gws.BuiltinEventHandler{}, &gws.ServerOption{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if socket, err := upgrader.Upgrade(w, r); err == nil {
			_ = socket.NetConn().Close()
		}
	}))
	defer server.Close()
	e, err := parseEndpoint(strings.Replace(server.URL, "https", "wss", 1))
	require.NoError(t, err)
	e.TLS.Insecure = true
	g, err := startGenerator(plan{Endpoint: e, Conns: 1}, 1, nil)
	require.NoError(t, err)
	defer func() { _, _ = g.close() }()
	require.Eventually(t, func() bool { return g.state() == state{Ready: 1, Closed: 1} }, patience, time.Millisecond)
	require.EqualError(t, g.trouble(), errPeerClosed.Error())
}

// parseEndpoint knows the ports and the names of both schemes.
func TestParseEndpoint_Schemes(t *testing.T) {
	for url, want := range map[string]endpoint{
		"ws://localhost/a":          {Host: "localhost", Target: "/a"},
		"wss://localhost/a?b":       {Host: "localhost", Target: "/a?b", TLS: &security{ServerName: "localhost"}},
		"WSS://127.0.0.1:8443":      {Host: "127.0.0.1:8443", Target: "/", TLS: &security{ServerName: "127.0.0.1"}},
		"wss://localhost:1234/ws/x": {Host: "localhost:1234", Target: "/ws/x", TLS: &security{ServerName: "localhost"}},
	} {
		e, err := parseEndpoint(url)
		require.NoError(t, err)
		want.Addr.Addr = [4]byte{127, 0, 0, 1}
		want.Addr.Port = map[bool]int{false: 80, true: 443}[want.TLS != nil]
		if _, port, err := net.SplitHostPort(want.Host); err == nil {
			want.Addr.Port = map[string]int{"8443": 8443, "1234": 1234}[port]
		}
		assert.Equal(t, want, e, url)
	}
	_, err := parseEndpoint("http://localhost")
	require.ErrorContains(t, err, "only ws:// and wss:// are supported")
	e, err := spawnedEndpoint("wss://example.com/ws", "127.0.0.1:99")
	require.NoError(t, err)
	assert.Equal(t, "example.com", e.TLS.ServerName, "the certificate's name stays")
	assert.Equal(t, 99, e.Addr.Port)
}

// However ciphertext is cut, everything comes out, and nothing waits once the
// handshake is over.
func TestTLSConn_ReadsOnAfterEachPiece(t *testing.T) {
	const piece = 3
	config, _ := testIdentity(t)
	near, far := net.Pipe()
	server := tls.Server(far, config)
	said := strings.Repeat("0123456789", 3000)
	served := make(chan error, 1)
	heard := make([]byte, 5)
	go func() {
		_, err := io.WriteString(server, said)
		_, failure := io.ReadFull(server, heard)
		served <- errors.Join(err, failure, server.Close())
	}()

	moved := make(chan struct{}, 100)
	c := newTLSConn((&security{Insecure: true}).config(), 0, func(*tlsConn) { moved <- struct{}{} })
	go c.shake()
	flush := func() { // what a loop does with a descriptor
		c.mutex.Lock()
		out := bytes.Clone(c.out)
		c.out = c.out[:0]
		c.mutex.Unlock()
		if len(out) > 0 {
			_, err := near.Write(out)
			require.NoError(t, err)
		}
	}
	arrived := make(chan []byte, 2*len(said)) // all of it
	go func() {
		defer close(arrived)
		for b := make([]byte, piece); ; {
			n, err := near.Read(b)
			if err != nil {
				return
			}
			arrived <- bytes.Clone(b[:n])
		}
	}()
	for over := false; !over; over, _ = c.shaken() {
		select {
		case <-moved:
			flush()
		case b := <-arrived:
			c.feed(b, nil)
		case <-time.After(patience):
			t.Fatal("the handshake does not end")
		}
	}
	_, failure := c.shaken()
	require.NoError(t, failure)
	flush()

	var got bytes.Buffer
	buffer := make([]byte, 1000)
	read := func() (err error) {
		for n := 0; err == nil; {
			n, err = c.Read(buffer)
			got.Write(buffer[:n])
		}
		return err
	}
	require.ErrorIs(t, read(), errNotYet)
	for got.Len() < len(said) {
		c.lend(<-arrived)
		require.ErrorIs(t, read(), errNotYet)
	}
	assert.Equal(t, said, got.String())
	_, err := io.WriteString(c, "hello")
	require.NoError(t, err)
	flush()
	for b := range arrived { // the end of TLS
		c.lend(b)
		if err := read(); !errors.Is(err, errNotYet) {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	require.NoError(t, <-served)
	assert.Equal(t, "hello", string(heard))
	require.NoError(t, near.Close())
}

// A server that sends messages in pieces is not measured wrongly.
func TestFragmentsAreRefused(t *testing.T) {
	l := &loop{plan: &plan{Size: 128}}
	_, err := l.consume(&socket{stage: ready}, []byte{0x01, 0x01, 'x', 0x80, 0x01, 'y'})
	require.ErrorContains(t, err, "several frames")
}
