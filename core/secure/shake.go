package secure

import (
	"net"
	"sync"
)

// shake is what the goroutine of a handshake and the loop share.
type shake struct {
	notify func()
	turns  chan struct{} // see Handshakes
	turn   bool          // it has put something in; the goroutine's own
	gone   chan struct{} // closed when it is aborted

	mutex   sync.Mutex
	arrived sync.Cond
	halted  bool   // it waits for in
	in      []byte // fed, and not yet read
	out     []byte // said, and not yet fetched
	aborted bool
	over    bool
	err     error
}

// maxFed is the most that may wait for a handshake to read it, in bytes. It has to
// be more than a loop reads at a time.
const maxFed = 128 << 10

func newShake(notify func()) *shake {
	s := &shake{notify: notify, gone: make(chan struct{})}
	s.arrived.L = &s.mutex
	return s
}

func (s *shake) feed(p []byte) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.in)+len(p) > maxFed {
		return false
	}
	s.in = append(s.in, p...)
	s.arrived.Signal()
	return true
}

func (s *shake) said() []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	out := s.out
	s.out = nil
	return out
}

func (s *shake) result() (over bool, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.over, s.err
}

func (s *shake) abort() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.aborted {
		return
	}
	s.aborted = true
	close(s.gone)
	s.arrived.Signal()
}

// waits reports whether only the peer can have the handshake go on.
func (s *shake) waits() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.halted && len(s.in) == 0 && !s.aborted
}

// takeTurn waits for the turn to compute. It reports false where the handshake is
// aborted meanwhile.
func (s *shake) takeTurn() bool {
	select {
	case s.turns <- struct{}{}:
		s.turn = true
	case <-s.gone:
	}
	return s.turn
}

// giveTurn lets another handshake compute, if this one may.
func (s *shake) giveTurn() {
	if s.turn {
		<-s.turns
		s.turn = false
	}
}

// read waits for what has arrived. Others may compute meanwhile.
func (s *shake) read(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.in) == 0 && !s.aborted {
		s.await()
	}
	if s.aborted {
		return 0, net.ErrClosed
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, nil
}

// await gives the turn to compute away until something has arrived. s.mutex is locked.
func (s *shake) await() {
	s.giveTurn()
	s.halted = true
	for len(s.in) == 0 && !s.aborted {
		s.arrived.Wait()
	}
	s.halted = false
	s.mutex.Unlock()
	s.takeTurn() // who is aborted has little left to compute
	s.mutex.Lock()
}

func (s *shake) say(p []byte) {
	s.mutex.Lock()
	s.out = append(s.out, p...)
	s.mutex.Unlock()
	s.notify()
}

// end makes the handshake's result known.
func (s *shake) end(err error) {
	s.mutex.Lock()
	s.over, s.err = true, err
	s.mutex.Unlock()
	s.notify()
}
