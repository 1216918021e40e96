package secure

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Handshakes runs the handshakes of a server, a bounded number of them, each on a
// goroutine of its own, of which few compute at a time and the others wait for their
// turn or for their peer. Any goroutine may use it.
type Handshakes struct {
	limit    int64
	turns    chan struct{}
	underWay atomic.Int64
	running  sync.WaitGroup
}

// NewHandshakes returns Handshakes of which limit may be under way, and computing
// may compute at a time.
func NewHandshakes(limit, computing int) *Handshakes {
	return &Handshakes{limit: int64(limit), turns: make(chan struct{}, computing)}
}

// Begin begins a handshake with what has arrived, which is the connection's from now
// on. It reports false, and does nothing, where too many are under way.
func (h *Handshakes) Begin(c *Conn, arrived []byte) bool {
	if h.underWay.Add(1) > h.limit {
		h.underWay.Add(-1)
		return false
	}
	s := c.shake
	s.in, s.turns = arrived, h.turns
	h.running.Go(func() {
		h.turns <- struct{}{}
		err := c.handshake()
		<-h.turns
		h.underWay.Add(-1)
		s.end(err)
	})
	return true
}

// UnderWay returns the number of handshakes that have begun and not ended.
func (h *Handshakes) UnderWay() int { return int(h.underWay.Load()) }

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
