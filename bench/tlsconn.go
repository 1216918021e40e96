package bench

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// tlsConn is the TLS of one socket, over buffers: its loop alone reads and writes
// the descriptor.
//
// The handshake runs on a goroutine of its own, for which the loop feeds and
// flushes; feed, flush, shaken and abort may be used meanwhile. When shaken says
// that it is over everything belongs to the loop, and reading does not wait any
// more: it returns errNotYet when all that has arrived has been read, and goes on
// when there is more.
type tlsConn struct {
	*tls.Conn

	token   int32  // the socket's index in its loop
	notify  func() // the handshake has something for the loop
	counted bool   // the loop knows that the handshake is over

	mutex   sync.Mutex
	arrived sync.Cond
	in      []byte // ciphertext that was not read yet
	out     []byte // ciphertext to be written
	ended   error  // why no more ciphertext arrives
	shaking bool   // reading waits
	failure error  // of the handshake
}

// newTLSConn returns the TLS of a socket. notify is called from the handshake's
// goroutine.
func newTLSConn(config *tls.Config, token int32, notify func(*tlsConn)) *tlsConn {
	c := &tlsConn{token: token, shaking: true}
	c.notify = func() { notify(c) }
	c.arrived.L = &c.mutex
	c.Conn = tls.Client(ciphertext{conn: c}, config)
	return c
}

// shake is the handshake. It returns soon after abort.
func (c *tlsConn) shake() {
	err := c.Handshake()
	c.mutex.Lock()
	c.shaking, c.failure = false, err
	c.mutex.Unlock()
	c.notify()
}

// shaken reports whether the handshake is over, and how it went.
func (c *tlsConn) shaken() (over bool, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return !c.shaking, c.failure
}

// feed hands a copy of what has arrived to the handshake, and why no more will.
func (c *tlsConn) feed(b []byte, ended error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.in = append(c.in, b...)
	c.ended = ended
	c.arrived.Signal()
}

// lend hands over what has arrived, after the handshake and when all before has been
// read. It must not change until it has been read, too.
func (c *tlsConn) lend(b []byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.in = b
}

// abort ends a handshake that nobody waits for any more.
func (c *tlsConn) abort() { c.feed(nil, net.ErrClosed) }

// send encrypts b and writes it, see write.
func (c *tlsConn) send(fd int32, b []byte) error {
	if _, err := c.Write(b); err != nil {
		return err
	}
	return c.flush(fd)
}

// flush writes the ciphertext, see write.
func (c *tlsConn) flush(fd int32) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.out) == 0 {
		return nil
	}
	err := write(fd, c.out)
	c.out = c.out[:0]
	return err
}

// ciphertext is the net.Conn under a tls.Conn.
type ciphertext struct{ conn *tlsConn }

// errNotYet says that all that has arrived has been read. It is Temporary, so that
// a tls.Conn keeps its state and reads on later.
var errNotYet net.Error = notYet{}

type notYet struct{}

func (notYet) Error() string   { return "nothing has arrived yet" }
func (notYet) Timeout() bool   { return true }
func (notYet) Temporary() bool { return true }

// Read waits for more while the handshake runs.
func (t ciphertext) Read(b []byte) (int, error) {
	c := t.conn
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for c.shaking && len(c.in) == 0 && c.ended == nil {
		c.arrived.Wait()
	}
	switch {
	case len(c.in) > 0:
		n := copy(b, c.in)
		c.in = c.in[n:]
		return n, nil
	case c.ended != nil:
		return 0, c.ended
	}
	return 0, errNotYet
}

// Write takes everything: an error would break the tls.Conn for good.
func (t ciphertext) Write(b []byte) (int, error) {
	c := t.conn
	c.mutex.Lock()
	c.out = append(c.out, b...)
	shaking := c.shaking
	c.mutex.Unlock()
	if shaking {
		c.notify()
	}
	return len(b), nil
}

// Close does nothing: the descriptor is the loop's.
func (ciphertext) Close() error { return nil }

// LocalAddr and RemoteAddr are nobody's business.
func (ciphertext) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (ciphertext) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// Deadlines have no meaning: only the handshake waits.
func (ciphertext) SetDeadline(time.Time) error      { return nil }
func (ciphertext) SetReadDeadline(time.Time) error  { return nil }
func (ciphertext) SetWriteDeadline(time.Time) error { return nil }
