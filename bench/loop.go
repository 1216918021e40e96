package bench

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// maxFrame is the largest payload in bytes that a loop accepts.
	maxFrame = 128 << 10
	// loopBuffer is the size in bytes of a loop's receive buffer. A cut frame and
	// some of what follows it must fit.
	loopBuffer = 2 * maxFrame
)

var errPeerClosed = errors.New("closed by the server")

// loop runs a share of the generator's sockets on one goroutine. Other
// goroutines may read progress and trouble, and call end; tally is theirs once
// run has returned.
type loop struct {
	plan      *plan
	poller    *poller
	first     int // number of the first socket; the others follow in steps of plan.Loops
	inFlight  int // handshakes under way
	dialled   int // sockets begun
	sockets   []socket
	repeats   []repeat // handshakes to be begun again, the earliest first
	now       int64    // time of the last read, nanoseconds since 1970
	state     state
	schedule  schedule
	text      []byte // of a message to be sent
	wire      []byte // its frame
	buffer    [loopBuffer]byte
	inflating *inflating // nil where no compression is offered
	tally     tally

	handshakes handshakes

	progress progress
	trouble  atomic.Pointer[error] // the first thing that went wrong with a socket
	setback  atomic.Pointer[error] // the same for one coming back after a break
	puzzle   atomic.Pointer[error] // the first answer to a hello that made no socket ready
	sending  atomic.Bool           // sockets are to send, see requests
	severing atomic.Int64          // breaks ordered
	ended    atomic.Bool
}

// newLoop returns the kth loop, which runs every plan.Loops-th socket of the plan.
func newLoop(p *plan, k int) (*loop, error) {
	poller, err := newPoller()
	if err != nil {
		return nil, err
	}
	n := (p.Held - k + p.Loops - 1) / p.Loops
	l := &loop{plan: p, poller: poller, first: p.First + k, sockets: make([]socket, n)}
	if p.Compression {
		l.inflating = newInflating()
	}
	return l, nil
}

// order tells the loop what to do. Any goroutine may call it until run returns.
func (l *loop) order(o order) {
	switch o {
	case talk, hush:
		l.sending.Store(o == talk)
	case sever:
		l.severing.Add(1)
	}
	l.poller.wake()
}

// end makes run return soon.
func (l *loop) end() {
	l.ended.Store(true)
	l.poller.wake()
}

// run connects the sockets and receives until end, then closes them. The poller
// stays open, so that end may still wake it.
func (l *loop) run() {
	defer l.close()
	for !l.ended.Load() {
		l.sever()
		l.dial()
		timeout := sooner(l.send(), l.repeat())
		l.progress.store(&l.state)
		events, err := l.poller.wait(timeout)
		if err != nil {
			l.note(err)
			return
		}
		for i := range events {
			l.handle(events[i].Fd)
		}
	}
}

func (l *loop) close() {
	for i := range l.sockets[:l.dialled] {
		if s := &l.sockets[i]; s.stage != gone {
			s.close()
		}
	}
	l.handshakes.running.Wait()
	l.progress.store(&l.state)
}

// note keeps the first error.
func (l *loop) note(err error) { l.trouble.CompareAndSwap(nil, &err) }

// dial begins handshakes up to the loop's share of the limit.
func (l *loop) dial() {
	limit := l.plan.inFlight(l.state.Breaks > 0)
	for l.dialled < len(l.sockets) && l.inFlight < limit {
		rooms := max(l.plan.Rooms, 1)
		s := &l.sockets[l.dialled]
		*s = socket{token: int32(l.dialled)}
		number := l.number(s)
		s.room, s.place = int32(number%rooms), int32(number/rooms)
		l.dialled++
		l.begin(s)
	}
}

// number is a socket's number among those of all processes.
func (l *loop) number(s *socket) int { return l.first + int(s.token)*l.plan.Loops }

// begin begins a socket's handshake.
func (l *loop) begin(s *socket) {
	s.stage = connecting
	l.inFlight++
	fd, err := l.plan.Endpoint.dial(l.number(s))
	s.fd = int32(fd)
	if err == nil {
		err = l.poller.add(fd, s.token, unix.EPOLLOUT)
	}
	if err != nil {
		l.drop(s, err)
	}
}

func (l *loop) handle(token int32) {
	if token == wakeToken {
		l.poller.woken()
		l.shake()
		return
	}
	s := &l.sockets[token]
	var err error
	switch s.stage {
	case gone: // since this was reported
	case connecting:
		err = l.connected(s)
	default:
		err = l.receive(s)
	}
	if err != nil {
		l.drop(s, err)
	}
}

// drop closes a socket that cannot go on. One that was on its way back after a
// break tries again.
func (l *loop) drop(s *socket, err error) {
	was := s.stage
	s.close()
	if was != ready {
		l.inFlight--
	}
	switch {
	case was == ready:
		l.note(err)
		l.state.Closed++
	case l.state.Breaks > 0:
		l.again(s, err)
	default:
		l.note(err)
		l.state.Failed++
	}
}

func (l *loop) connected(s *socket) error {
	if err := dialError(int(s.fd)); err != nil {
		return err
	}
	if err := l.poller.change(int(s.fd), s.token, unix.EPOLLIN); err != nil {
		return err
	}
	if l.plan.tls != nil {
		l.secure(s)
		return nil
	}
	return l.upgrade(s)
}

// upgrade asks for a WebSocket on a connection that stands.
func (l *loop) upgrade(s *socket) error {
	s.stage = upgrading
	return send(s, l.upgradeRequest(s))
}

// send sends a few bytes, see write.
func send(s *socket, b []byte) error {
	if s.tls != nil {
		return s.tls.send(s.fd, b)
	}
	return write(s.fd, b)
}

// write writes a few bytes, which an almost empty send buffer always takes.
func write(fd int32, b []byte) error {
	n, errno := rawWrite(int(fd), b)
	if errno != 0 {
		return fmt.Errorf("writing: %w", errno)
	}
	if n < len(b) {
		return errors.New("writing: the send buffer is full")
	}
	return nil
}
