package secure

import (
	"fmt"
	"net"
	"sync"
)

// Handshakes runs the handshakes of a server, each on a goroutine of its own, of which
// few compute at a time and the others wait for their turn or for their peer. Their
// number is for who begins them to bound: one that is aborted is soon no more, unless
// it computes. Any goroutine may use it.
type Handshakes struct {
	turns   chan struct{} // whoever has put something in may compute
	running sync.WaitGroup
}

// NewHandshakes returns Handshakes of which so many may compute at a time.
func NewHandshakes(computing int) *Handshakes {
	return &Handshakes{turns: make(chan struct{}, computing)}
}

// Begin begins a handshake with what has arrived, which is the connection's from now
// on.
func (h *Handshakes) Begin(c *Conn, arrived []byte) {
	s := c.shake
	s.in, s.turns = arrived, h.turns
	h.running.Go(func() {
		err := net.ErrClosed
		if s.takeTurn() {
			err = c.handshake()
		}
		s.giveTurn()
		s.end(err)
	})
}

// Stop returns a channel that is closed when all handshakes have ended, which the
// caller aborts. None must be begun any more.
func (h *Handshakes) Stop() <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		h.running.Wait()
	}()
	return over
}

// handshake is the whole of a handshake, unless it has been aborted already. What
// panics in it is the application's, which has given functions with the
// certificates.
func (c *Conn) handshake() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the TLS handshake panicked: %v", p)
		}
	}()
	return c.tls.Handshake()
}
