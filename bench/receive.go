package bench

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
)

// What a loop does with what has arrived on a socket.

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
	if l.plan.Rooms == 0 {
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
	l.state.Ready++
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
	case l.plan.Requests != nil:
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
	if !ok || len(payload) != l.plan.Size {
		l.tally.Foreign++
		return
	}
	l.deliver(&s.sequence, seq, sent)
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
