package bench

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
)

// What a loop does with what has arrived on a socket.

// receive reads once and consumes what is complete. Polling is level-triggered,
// so whatever is left is reported again.
func (l *loop) receive(s *socket) error {
	if s.tls != nil {
		return l.receiveSecure(s)
	}
	kept := copy(l.buffer[:], s.cut)
	n, err := l.read(s, l.buffer[kept:])
	if n == 0 {
		return err
	}
	return l.take(s, l.buffer[:kept+n])
}

// read reads once. It returns 0 and no error when there is nothing.
func (l *loop) read(s *socket, b []byte) (int, error) {
	n, errno := rawRead(int(s.fd), b)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0, nil
	case errno != 0:
		return 0, fmt.Errorf("reading: %w", errno)
	case n == 0:
		return 0, errPeerClosed
	}
	l.now = time.Now().UnixNano()
	return n, nil
}

// take consumes what is complete in b, and keeps the rest.
func (l *loop) take(s *socket, b []byte) error {
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
		if s.stage == ready {
			l.tally.Bytes += uint64(end - used)
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
	return used, l.hail(s)
}

func (l *loop) frame(s *socket, h codec.Header, payload []byte) error {
	payload, err := l.plain(h, payload)
	if err != nil {
		return err
	}
	if l.plan.Protocol.isPing(payload) {
		if err := l.pong(s); err != nil {
			return err
		}
	}
	switch {
	case !h.Fin:
		return errors.New("the server sends messages in several frames, which are not counted")
	case h.Opcode == codec.OpClose:
		code, reason, _ := codec.ParseClosePayload(payload)
		return fmt.Errorf("%w: %d %s", errPeerClosed, code, reason)
	case h.Opcode == codec.OpPing:
		return send(s, codec.AppendMaskedFrame(nil, codec.OpPong, true, maskingKey, payload))
	case s.stage == joining && l.plan.Protocol.answersHello(payload):
		return l.joined(s, payload)
	case l.plan.Requests != nil:
		l.answered(s, payload)
	default:
		l.message(s, payload)
	}
	return nil
}

// message counts one received frame.
func (l *loop) message(s *socket, payload []byte) {
	seq, sent, ok := parseMessage(payload)
	switch {
	case ok && len(payload) == l.plan.Size:
		l.deliver(&s.sequence, seq, sent)
	case l.plan.Protocol.Wrapped:
		l.unwrap(s, payload)
	default:
		l.tally.Foreign++
	}
}

// deliver counts a message and reports whether it is a new one.
func (l *loop) deliver(of *sequence, seq uint64, sent int64) bool {
	expected := of.next
	switch of.see(seq) {
	case absurd:
		l.tally.Foreign++
		return false
	case duplicate:
		l.tally.Duplicates++
		return false
	case late:
		l.tally.OutOfOrder++
		l.state.Missing--
	case skipped:
		l.state.Missing += seq - expected
	case inOrder:
	}
	l.tally.Delivered++
	l.state.Delivered++
	if seq >= l.plan.WarmUp {
		l.tally.Latency.add(time.Duration(l.now - sent))
	}
	return true
}
