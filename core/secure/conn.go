package secure

import (
	"crypto/tls"
	"net"
)

// Conn is the TLS of one connection. It knows no socket: its loop hands it what has
// arrived, and writes what it has to say. All methods belong to the loop's
// goroutine.
//
// Until Shaken says that the handshake is over the loop calls Feed, Said, Halted and
// Abort.
// Then it calls Settle once, and Lend, Open, Own, Earn, Overdrawn, Seal and Finish from
// then on.
type Conn struct {
	tls   *tls.Conn
	shake *shake  // nil when it is over
	in    []byte  // lent, and not yet read
	out   *[]byte // where ciphertext is put: empty but within a call and until Own

	records  records // that have been read
	finished bool    // the peer has been told that nothing more comes
}

// NewConn returns the server's end of a connection, for Handshakes.Begin. All
// connections of a server share the config, which Config has made. notify is called
// from the handshake's goroutine whenever Said or Shaken have something new; it must
// not wait.
func NewConn(config *tls.Config, notify func()) *Conn {
	c := &Conn{shake: newShake(notify)}
	c.tls = tls.Server((*wire)(c), config)
	return c
}

// Feed hands the handshake a copy of what has arrived. It reports false when more of
// that waits than any handshake has.
func (c *Conn) Feed(p []byte) bool { return c.shake.feed(p) }

// Said returns what the handshake has said since the last call, to be written to
// the socket. It is the caller's.
func (c *Conn) Said() []byte { return c.shake.said() }

// Shaken reports whether the handshake is over, and how it went. What it has said
// until then is there for Said.
func (c *Conn) Shaken() (over bool, err error) { return c.shake.result() }

// Halted reports whether the handshake waits for its peer alone. Once it does it goes
// on only after Feed or Abort.
func (c *Conn) Halted() bool { return c.shake != nil && c.shake.waits() }

// Abort ends the handshake soon. It may be called at any time, and again.
func (c *Conn) Abort() {
	if c.shake != nil {
		c.shake.abort()
	}
}

// Settle takes the connection over when its handshake has ended well. From now on
// its ciphertext is gathered in out, which the connections of a loop share. What
// was fed and not needed is there for Open.
func (c *Conn) Settle(out *[]byte) {
	c.in, c.shake = c.shake.in, nil
	c.out = out
	c.records.open()
}

// Lend hands over what has arrived, when Open has returned all that was before. It
// belongs to the connection until Open has returned all of it.
func (c *Conn) Lend(p []byte) { c.in = p }

// Open decrypts into p and returns how much has been: less than p holds when that
// was all. An error, io.EOF where the peer has said that it is done, says that
// nothing more comes. The connection may have something to say afterwards, see Own.
// What an overdrawn peer has sent stays where it is.
func (c *Conn) Open(p []byte) (n int, err error) {
	for n < len(p) && c.records.idle >= 0 {
		var more int
		more, err = c.tls.Read(p[n:])
		n += more
		c.records.settle(more)
		if err == errEmpty {
			c.in = nil
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Own returns what Open has left to be written to the socket: answers to key
// updates, and the alert for an error; nothing behind what Finish has returned. It is
// a view, good until the next call of a method of any of the loop's connections.
func (c *Conn) Own() []byte {
	own := c.take()
	if c.finished {
		return nil
	}
	return own
}

// Seal encrypts p and returns what goes to the socket, a view as that of Own. It
// fails when Open has met an error, or after Finish.
func (c *Conn) Seal(p []byte) ([]byte, error) {
	_, err := c.tls.Write(p)
	return c.take(), err
}

// Finish encrypts p, if there is any, and the notice that nothing more comes; once
// that has been given it returns nothing. The result is a view as that of Own.
func (c *Conn) Finish(p []byte) []byte {
	if len(p) > 0 {
		_, _ = c.tls.Write(p) // an error has nobody left to hear of it
	}
	_ = c.tls.CloseWrite()
	c.finished = true
	return c.take()
}

// keptOut is the largest buffer of ciphertext that a loop keeps, in bytes.
const keptOut = 256 << 10

func (c *Conn) take() []byte {
	out := *c.out
	*c.out = out[:0]
	if cap(out) > keptOut {
		*c.out = nil
	}
	return out
}

// errEmpty says that all that has arrived has been read. It is Temporary, so that a
// tls.Conn keeps its state and reads on later.
var errEmpty net.Error = empty{}

type empty struct{}

func (empty) Error() string   { return "nothing has arrived yet" }
func (empty) Timeout() bool   { return true }
func (empty) Temporary() bool { return true }
