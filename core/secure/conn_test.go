package secure_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
)

var errTooMuch = errors.New("too much was fed")

// versions are those that are spoken.
var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// noise returns bytes that say nothing, the same each time.
func noise(n int) []byte {
	source := rand.NewChaCha8([32]byte{1})
	p := make([]byte, n)
	_, _ = source.Read(p)
	return p
}

// Whatever the pieces in which ciphertext arrives, what comes out is the same.
func TestConn_CutInput(t *testing.T) {
	for name, version := range versions {
		for _, pieces := range []int{0, 1, 3, 5, 1000} {
			t.Run(name+"/"+strconv.Itoa(pieces), func(t *testing.T) {
				serverConfig, clientConfig := configs(t)
				clientConfig.MaxVersion = version
				s, far := newServer(t, serverConfig)
				s.pieces = pieces
				ended := s.run(secure.NewHandshakes(1), echo)
				client := tls.Client(far, clientConfig)
				for _, size := range []int{1, 100, 16 << 10, 16<<10 + 1, 50_000} {
					want := noise(size)
					require.True(t, bytes.Equal(want, exchange(t, client, want)), size)
				}
				require.Equal(t, version, client.ConnectionState().Version)
				require.NoError(t, client.Close())
				require.ErrorIs(t, result(t, ended), io.EOF)
			})
		}
	}
}

// What a client sends right behind the end of its handshake is not lost.
func TestConn_DataWithFinished(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	s, far := newServer(t, serverConfig)
	ended := s.run(secure.NewHandshakes(1), echo)
	client := tls.Client(&corked{Conn: far}, clientConfig)
	require.NoError(t, client.Handshake()) // its end is held back
	require.Equal(t, []byte("hello"), exchange(t, client, []byte("hello")))
	require.NoError(t, client.Close())
	require.ErrorIs(t, result(t, ended), io.EOF)
}

// corked holds the second thing that is written back for the third: the end of a TLS
// 1.3 handshake for the first data.
type corked struct {
	net.Conn
	writes int
	held   []byte
}

func (c *corked) Write(p []byte) (int, error) {
	if c.writes++; c.writes == 2 {
		c.held = bytes.Clone(p)
		return len(p), nil
	}
	held := c.held
	c.held = nil
	_, err := c.Conn.Write(append(held, p...))
	return len(p), err
}

func TestConn_Resumes(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			serverConfig, clientConfig := configs(t)
			serverConfig = secure.Config(serverConfig)
			clientConfig.MaxVersion = version
			clientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for _, resumed := range []bool{false, true, true} {
				near, far := sockets(t)
				s := &server{Conn: near, events: make(chan struct{}, 100), opened: make([]byte, 20_000)}
				s.conn = secure.NewConn(serverConfig, func() { s.events <- struct{}{} })
				ended := s.run(secure.NewHandshakes(1), echo)
				client := tls.Client(far, clientConfig)
				require.Equal(t, []byte("x"), exchange(t, client, []byte("x")))
				require.Equal(t, resumed, client.ConnectionState().DidResume)
				require.NoError(t, client.Close())
				require.ErrorIs(t, result(t, ended), io.EOF)
			}
		})
	}
}

func TestConn_FinishSaysThatNothingMoreComes(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	s, far := newServer(t, serverConfig)
	from := make(chan arrived, 1000)
	go s.readTo(from)
	go func() {
		if s.shake(secure.NewHandshakes(1), from) == nil {
			s.conn.Settle(&s.out)
			_, _ = s.Write(s.conn.Finish([]byte("farewell")))
			assert.Empty(t, s.conn.Finish(nil), "it is said once")
			_, err := s.conn.Seal([]byte("more"))
			assert.Error(t, err)
		}
		_ = s.Conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(tls.Client(far, clientConfig))
	require.NoError(t, err, "the end is a proper one")
	require.Equal(t, "farewell", string(got))
}

// A record that has been tampered with ends the connection, with an alert.
func TestConn_BadRecord(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	s, far := newServer(t, serverConfig)
	ended := s.run(secure.NewHandshakes(1), echo)
	client := tls.Client(far, clientConfig)
	require.Equal(t, []byte("x"), exchange(t, client, []byte("x")))
	_, err := far.Write(append([]byte{23, 3, 3, 0, 100}, noise(100)...))
	require.NoError(t, err)
	_, err = client.Read(make([]byte, 1))
	require.ErrorContains(t, err, "bad record MAC")
	require.ErrorContains(t, result(t, ended), "bad record MAC")
}

func TestConfig(t *testing.T) {
	given := &tls.Config{NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13}
	config := secure.Config(given)
	assert.Equal(t, []string{"http/1.1"}, config.NextProtos)
	assert.EqualValues(t, tls.VersionTLS13, config.MinVersion)
	assert.EqualValues(t, tls.VersionTLS12, secure.Config(&tls.Config{MinVersion: tls.VersionTLS10}).MinVersion)
	assert.True(t, config.DynamicRecordSizingDisabled)
	assert.Equal(t, []string{"h2"}, given.NextProtos, "the given one is left alone")
}

// maxHeap is what the server's end of an idle connection may hold, in bytes of heap.
const maxHeap = 8 << 10

// What stays of a connection, after its handshake and a few messages, is counted
// without the client's end.
func TestConn_Memory(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			const conns = 100
			serverConfig, clientConfig := configs(t)
			serverConfig = secure.Config(serverConfig)
			clientConfig.MaxVersion = version
			var out []byte
			kept := make([]*secure.Conn, 0, conns)
			before := heap()
			for range conns {
				kept = append(kept, idle(t, serverConfig, clientConfig, &out))
			}
			each := (heap() - before) / conns
			runtime.KeepAlive(kept)
			t.Logf("%d bytes each", each)
			require.Less(t, each, int64(maxHeap))
		})
	}
}

// idle returns a connection that has answered a message of 200 bytes.
func idle(t *testing.T, serverConfig, clientConfig *tls.Config, out *[]byte) *secure.Conn {
	near, far := connection(t) // nothing else is to be kept
	s := &server{Conn: near, events: make(chan struct{}, 100)}
	conn := secure.NewConn(serverConfig, func() { s.events <- struct{}{} })
	s.conn = conn
	answered := make(chan error, 1)
	client := tls.Client(far, clientConfig)
	go func() {
		if _, err := client.Write(noise(200)); err != nil {
			answered <- err
			return
		}
		_, err := io.ReadFull(client, make([]byte, 200))
		answered <- err
	}()
	from := make(chan arrived, 1000)
	go s.readTo(from)
	require.NoError(t, s.shake(secure.NewHandshakes(1), from))
	conn.Settle(out)
	opened := make([]byte, 1000)
	for n := 0; n == 0; {
		var err error
		n, err = conn.Open(opened)
		require.NoError(t, err)
		if n == 0 {
			a := <-from
			require.NoError(t, a.err)
			conn.Lend(a.bytes)
			continue
		}
		sealed, err := conn.Seal(opened[:n])
		require.NoError(t, err)
		_, err = near.Write(sealed)
		require.NoError(t, err)
	}
	require.NoError(t, <-answered)
	_ = near.Close()
	_ = far.Close()
	return conn
}

func heap() int64 {
	var stats runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
