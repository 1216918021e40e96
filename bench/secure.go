package bench

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"
)

// What a loop does with sockets that speak TLS.

// sealedBuffer is how much ciphertext is read at once, in bytes.
const sealedBuffer = 64 << 10

// handshakes are a loop's TLS handshakes. No more of them run at a time than
// sockets connect at first, however many come back after a break: they would all
// end at once, and late. shift may be called from any goroutine, the rest belongs
// to the loop.
type handshakes struct {
	running sync.WaitGroup
	active  int        // that run
	waiting []*tlsConn // for their turn
	sealed  []byte     // what was read last; nil without TLS

	mutex  sync.Mutex
	moving []*tlsConn // that have something for the loop
}

// shift notes that a handshake has something for the loop.
func (h *handshakes) shift(c *tlsConn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.moving = append(h.moving, c)
}

// take returns the handshakes that have something for the loop.
func (h *handshakes) take() []*tlsConn {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	moving := h.moving
	h.moving = nil
	return moving
}

// secure begins the TLS handshake of a socket.
func (l *loop) secure(s *socket) {
	s.stage = securing
	s.tls = newTLSConn(l.plan.tls, s.token, func(c *tlsConn) {
		l.handshakes.shift(c)
		l.poller.wake()
	})
	l.handshakes.waiting = append(l.handshakes.waiting, s.tls)
	l.admit()
}

// admit lets handshakes run whose turn it is.
func (l *loop) admit() {
	h := &l.handshakes
	for h.active < l.plan.inFlight(false) && len(h.waiting) > 0 {
		c := h.waiting[0]
		h.waiting = h.waiting[1:]
		if l.sockets[c.token].tls == c { // it was not given up
			h.active++
			h.running.Go(c.shake)
		}
	}
}

// shake lets handshakes go on.
func (l *loop) shake() {
	for _, c := range l.handshakes.take() {
		over, failure := c.shaken()
		if over && !c.counted {
			c.counted = true
			l.handshakes.active--
		}
		s := &l.sockets[c.token]
		if s.tls != c {
			continue // it was given up
		}
		if err := l.shaken(s, over, failure); err != nil {
			l.drop(s, err)
		}
	}
	l.admit()
}

// shaken writes what a handshake says and, when it is over, begins the upgrade.
func (l *loop) shaken(s *socket, over bool, failure error) error {
	err := s.tls.flush(s.fd)
	switch {
	case failure != nil:
		return handshakeError(failure)
	case err != nil || !over || s.stage != securing:
		return err
	}
	if err := l.upgrade(s); err != nil {
		return err
	}
	return l.decrypt(s) // what came with the end of the handshake
}

// handshakeError explains why a handshake failed.
func handshakeError(err error) error {
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return fmt.Errorf("TLS handshake: %w; see --tls-ca and --tls-insecure", err)
	}
	return fmt.Errorf("TLS handshake: %w", err)
}

// receiveSecure is receive for a socket that speaks TLS.
func (l *loop) receiveSecure(s *socket) error {
	if l.handshakes.sealed == nil {
		l.handshakes.sealed = make([]byte, sealedBuffer)
	}
	n, err := l.read(s, l.handshakes.sealed)
	if s.stage == securing {
		return l.feed(s, l.handshakes.sealed[:n], err)
	}
	if n == 0 {
		return err
	}
	s.tls.lend(l.handshakes.sealed[:n])
	return l.decrypt(s)
}

// feed hands what has arrived to a handshake. That there is nothing more it learns
// in its turn, so that it can tell what the server said at last.
func (l *loop) feed(s *socket, b []byte, ended error) error {
	s.tls.feed(b, ended)
	if ended == nil {
		return nil
	}
	return l.poller.control(unix.EPOLL_CTL_DEL, int(s.fd), s.token, 0)
}

// decrypt consumes all that has arrived.
func (l *loop) decrypt(s *socket) error {
	c := s.tls
	for s.stage != gone {
		kept := copy(l.buffer[:], s.cut)
		n, err := c.Read(l.buffer[kept:])
		if n > 0 {
			if failure := l.take(s, l.buffer[:kept+n]); failure != nil {
				return failure
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, errNotYet):
			return c.flush(s.fd) // reading may have had something to say
		case errors.Is(err, io.EOF):
			return errPeerClosed
		default:
			return fmt.Errorf("reading: %w", err)
		}
	}
	return nil
}
