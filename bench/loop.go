package bench

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
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
	plan     *plan
	poller   *poller
	first    int // number of the first socket; the others follow in steps
	step     int
	inFlight int // handshakes under way
	dialled  int // sockets begun
	sockets  []socket
	now      int64 // time of the last read, nanoseconds since 1970
	counts   struct {
		ready, failed, closed int64
		sent, expected        uint64
	}
	schedule schedule
	text     []byte // of a message to be sent
	wire     []byte // its frame
	buffer   [loopBuffer]byte
	tally    tally

	progress progress
	trouble  atomic.Pointer[error] // the first thing that went wrong with a socket
	sending  atomic.Bool           // sockets are to send, see requests
	ended    atomic.Bool
}

// newLoop returns the loop that runs every step-th socket of the plan.
func newLoop(p *plan, first, step int) (*loop, error) {
	poller, err := newPoller()
	if err != nil {
		return nil, err
	}
	n := (p.conns - first + step - 1) / step
	return &loop{plan: p, poller: poller, first: first, step: step, sockets: make([]socket, n)}, nil
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
		l.dial()
		timeout := l.send()
		l.publish()
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
			_ = unix.Close(int(s.fd))
		}
	}
	l.publish()
}

func (l *loop) publish() {
	l.progress.ready.Store(l.counts.ready)
	l.progress.failed.Store(l.counts.failed)
	l.progress.closed.Store(l.counts.closed)
	l.progress.sent.Store(l.counts.sent)
	l.progress.expected.Store(l.counts.expected)
	l.progress.delivered.Store(l.tally.delivered)
}

// note keeps the first error.
func (l *loop) note(err error) { l.trouble.CompareAndSwap(nil, &err) }

// dial begins handshakes up to the loop's share of the limit.
func (l *loop) dial() {
	for l.dialled < len(l.sockets) && l.inFlight < max(l.plan.inFlight/l.step, 1) {
		token := l.dialled
		number := l.first + token*l.step
		s := &l.sockets[token]
		s.room, s.place = int32(number%max(l.plan.rooms, 1)), int32(number/max(l.plan.rooms, 1))
		l.dialled++
		l.inFlight++
		fd, err := l.plan.endpoint.dial(number)
		s.fd = int32(fd)
		if err == nil {
			err = l.poller.add(fd, int32(token), unix.EPOLLOUT)
		}
		if err != nil {
			l.drop(s, err)
		}
	}
}

func (l *loop) handle(token int32) {
	if token == wakeToken {
		l.poller.woken()
		return
	}
	s := &l.sockets[token]
	var err error
	if s.stage == connecting {
		err = l.connected(s, token)
	} else {
		err = l.receive(s)
	}
	if err != nil {
		l.drop(s, err)
	}
}

// drop closes a socket that cannot go on.
func (l *loop) drop(s *socket, err error) {
	l.note(err)
	if s.stage == ready {
		l.counts.closed++
	} else {
		l.counts.failed++
		l.inFlight--
	}
	s.stage, s.cut = gone, nil
	if s.fd >= 0 {
		_ = unix.Close(int(s.fd))
	}
}

func (l *loop) connected(s *socket, token int32) error {
	if err := dialError(int(s.fd)); err != nil {
		return err
	}
	if err := l.poller.change(int(s.fd), token, unix.EPOLLIN); err != nil {
		return err
	}
	s.stage = upgrading
	return send(s, l.plan.request)
}

// send writes a few bytes, which an almost empty send buffer always takes.
func send(s *socket, b []byte) error {
	n, errno := rawWrite(int(s.fd), b)
	if errno != 0 {
		return fmt.Errorf("writing: %w", errno)
	}
	if n < len(b) {
		return errors.New("writing: the send buffer is full")
	}
	return nil
}

// receive reads once and consumes what is complete. Polling is level-triggered,
// so whatever is left is reported again.
func (l *loop) receive(s *socket) error {
	kept := copy(l.buffer[:], s.cut)
	n, errno := rawRead(int(s.fd), l.buffer[kept:])
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return fmt.Errorf("reading: %w", errno)
	case n == 0:
		return errPeerClosed
	}
	l.now = time.Now().UnixNano()
	b := l.buffer[:kept+n]
	used, err := l.consume(s, b)
	if err == nil {
		s.keep(b[used:])
	}
	return err
}

// consume handles the response head and the frames at the start of b and returns
// how many bytes they have.
func (l *loop) consume(s *socket, b []byte) (used int, err error) {
	if s.stage == upgrading {
		if used, err = l.upgraded(s, b); used == 0 || err != nil {
			return 0, err
		}
	}
	for {
		h, n := codec.ParseHeader(b[used:])
		if n == 0 {
			return used, nil
		}
		if h.Length > maxFrame {
			return 0, fmt.Errorf("frame of %d bytes", h.Length)
		}
		start := used + n
		end := start + int(h.Length)
		if end > len(b) {
			return used, nil
		}
		if err := l.frame(s, h, b[start:end]); err != nil {
			return 0, err
		}
		used = end
	}
}

// upgraded reads the response head; used is 0 while it is incomplete.
func (l *loop) upgraded(s *socket, b []byte) (used int, err error) {
	status, used, err := codec.ParseUpgradeResponse(b, handshakeKey)
	if err != nil {
		return 0, fmt.Errorf("upgrading: %w", err)
	}
	if used == 0 {
		return 0, nil
	}
	if status != 101 {
		return 0, fmt.Errorf("upgrading: status %d: %s", status, b[used:])
	}
	if l.plan.rooms == 0 {
		l.settle(s)
		return used, nil
	}
	s.stage = joining
	return used, send(s, l.plan.joins[s.room])
}

// settle ends a handshake with success.
func (l *loop) settle(s *socket) {
	s.stage = ready
	l.inFlight--
	l.counts.ready++
}

func (l *loop) frame(s *socket, h codec.Header, payload []byte) error {
	switch {
	case h.Opcode == codec.OpClose:
		code, reason, _ := codec.ParseClosePayload(payload)
		return fmt.Errorf("%w: %d %s", errPeerClosed, code, reason)
	case h.Opcode == codec.OpPing:
		return send(s, codec.AppendMaskedFrame(nil, codec.OpPong, true, maskingKey, payload))
	case s.stage == joining && bytes.Contains(payload, []byte(joinAction)):
		return l.joined(s, payload)
	case l.plan.requests != nil:
		return l.answered(s, payload)
	}
	l.message(s, payload)
	return nil
}

func (l *loop) joined(s *socket, payload []byte) error {
	if !bytes.Contains(payload, []byte(joinSuccess)) {
		return fmt.Errorf("joining: %s", payload)
	}
	l.settle(s)
	return nil
}

// message counts one received frame.
func (l *loop) message(s *socket, payload []byte) {
	seq, sent, ok := parseMessage(payload)
	if !ok || len(payload) != l.plan.size {
		l.tally.foreign++
		return
	}
	l.deliver(&s.sequence, seq, sent)
}

// deliver counts a message and reports whether it is a new one.
func (l *loop) deliver(of *sequence, seq uint64, sent int64) bool {
	switch of.see(seq) {
	case absurd:
		l.tally.foreign++
		return false
	case duplicate:
		l.tally.duplicates++
		return false
	case late:
		l.tally.outOfOrder++
	case inOrder, skipped:
	}
	l.tally.delivered++
	if seq >= l.plan.warmUp {
		l.tally.latency.add(time.Duration(l.now - sent))
	}
	return true
}
