package secure_test

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
)

// server drives a Conn over a real socket as an event loop does: one goroutine that
// reads it, and writes what the Conn has to say.
type server struct {
	net.Conn
	conn   *secure.Conn
	events chan struct{} // the handshake has something new
	pieces int           // what arrives is handed over in pieces of so many bytes; 0: as it came
	out    []byte
	opened []byte
}

// sockets returns two ends of a TCP connection, which the test's end closes.
func sockets(t testing.TB) (near, far net.Conn) {
	t.Helper()
	near, far = connection(t)
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

func connection(t testing.TB) (near, far net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	far, err = net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	near, err = listener.Accept()
	require.NoError(t, err)
	for _, conn := range []net.Conn{near, far} {
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	}
	return near, far
}

// newServer returns the server of a connection and the client's end.
func newServer(t testing.TB, config *tls.Config) (*server, net.Conn) {
	t.Helper()
	near, far := sockets(t)
	s := &server{Conn: near, events: make(chan struct{}, 100), opened: make([]byte, 20_000)}
	s.conn = secure.NewConn(secure.Config(config), func() { s.events <- struct{}{} })
	return s, far
}

// arrived is what a read of the socket had.
type arrived struct {
	bytes []byte
	err   error
}

// readTo sends what is read of the socket to a channel, until it ends.
func (s *server) readTo(to chan<- arrived) {
	for {
		buffer := make([]byte, 4096)
		n, err := s.Read(buffer)
		pieces := [][]byte{buffer[:n]}
		if s.pieces > 0 {
			pieces = slices.Collect(slices.Chunk(buffer[:n], s.pieces))
		}
		for _, piece := range pieces {
			to <- arrived{bytes: piece}
		}
		if err != nil {
			to <- arrived{err: err}
			return
		}
	}
}

// shake runs the handshake, and returns how it ended.
func (s *server) shake(with *secure.Handshakes, from <-chan arrived) error {
	with.Begin(s.conn, nil)
	for {
		select {
		case a := <-from:
			if a.err != nil {
				s.conn.Abort()
				continue
			}
			if !s.conn.Feed(a.bytes) {
				return errTooMuch
			}
		case <-s.events:
			over, err := s.conn.Shaken()
			_, _ = s.Write(s.conn.Said())
			if over {
				return err
			}
		}
	}
}

// serve has a handler answer what arrives, after the handshake and until the
// client's end, whose error it returns.
func (s *server) serve(from <-chan arrived, handle func(plain []byte) (answer []byte)) error {
	s.conn.Settle(&s.out)
	for a := (arrived{}); ; a = <-from {
		if a.err != nil {
			return a.err
		}
		if a.bytes != nil {
			s.conn.Lend(a.bytes)
		}
		for n := len(s.opened); n == len(s.opened); {
			var err error
			n, err = s.conn.Open(s.opened)
			_, _ = s.Write(s.conn.Own())
			if n > 0 {
				sealed, failed := s.conn.Seal(handle(s.opened[:n]))
				if failed != nil {
					return failed
				}
				_, _ = s.Write(sealed)
			}
			if err != nil {
				return err
			}
		}
	}
}

// run is a whole connection, on a goroutine of its own. The result comes when it
// has ended.
func (s *server) run(with *secure.Handshakes, handle func([]byte) []byte) <-chan error {
	ended := make(chan error, 1)
	from := make(chan arrived, 1<<16)
	go s.readTo(from)
	go func() {
		err := s.shake(with, from)
		if err == nil {
			err = s.serve(from, handle)
		}
		_ = s.Conn.Close()
		ended <- err
	}()
	return ended
}

func result(t testing.TB, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		t.Fatal("the connection has not ended")
		return nil
	}
}

func echo(plain []byte) []byte { return slices.Clone(plain) }

// exchange sends bytes and reads as many.
func exchange(t testing.TB, client net.Conn, sent []byte) []byte {
	t.Helper()
	written := make(chan error, 1)
	go func() {
		_, err := client.Write(sent)
		written <- err
	}()
	got := make([]byte, len(sent))
	_, err := io.ReadFull(client, got)
	require.NoError(t, err)
	require.NoError(t, <-written)
	return got
}
