package bench

import (
	"bytes"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// What a loop does in scenarios in which sockets send.

// schedule is when a loop's sockets send: in turn, at equal distances.
type schedule struct {
	running bool
	due     time.Time
	turn    int
}

// send lets sockets send what is due, and returns the milliseconds until there is
// more, -1 if that is not a matter of time.
func (l *loop) send() (timeout int) {
	r := l.plan.Requests
	on := r != nil && l.sending.Load()
	begins := on && !l.schedule.running
	l.schedule.running = on
	switch {
	case !on || len(l.sockets) == 0:
		return -1
	case begins && r.Rate == 0:
		for i := range l.sockets {
			l.request(&l.sockets[i], time.Now())
		}
		return -1
	case r.Rate == 0:
		return -1
	case begins:
		l.schedule.due = time.Now()
	}
	interval := l.interval()
	for ; time.Since(l.schedule.due) >= 0; l.schedule.due = l.schedule.due.Add(interval) {
		l.request(&l.sockets[l.schedule.turn%len(l.sockets)], l.schedule.due)
		l.schedule.turn++
	}
	return int(time.Until(l.schedule.due)/time.Millisecond) + 1
}

// interval is the time between two messages of the loop's sockets, which send their
// share of the rate.
func (l *loop) interval() time.Duration {
	share := float64(len(l.sockets)) / float64(l.plan.Conns)
	return time.Duration(float64(time.Second) / share / l.plan.Requests.Rate)
}

// request sends a socket's next message, which was due at a time.
func (l *loop) request(s *socket, due time.Time) {
	if s.stage != ready {
		return
	}
	r := l.plan.Requests
	l.text = r.append(l.text[:0], int(s.room), int(s.place), s.sent, due.UnixNano())
	l.wire = codec.AppendMaskedFrame(l.wire[:0], codec.OpText, true, maskingKey, l.text)
	s.sent++
	l.state.Sent++
	l.state.Expected += r.receivers(int(s.room))
	if err := send(s, l.wire); err != nil {
		l.drop(s, err)
	}
}

// answered counts what has come back.
func (l *loop) answered(s *socket, payload []byte) {
	for more := true; more; payload, more = l.another(payload) {
		l.answer(s, payload)
	}
}

// another returns what is behind the first message of several, which some servers
// put into one.
func (l *loop) another(payload []byte) (rest []byte, ok bool) {
	if !l.plan.Protocol.Wrapped {
		return nil, false
	}
	_, rest, _ = bytes.Cut(payload, []byte(requestHead))
	return rest, bytes.Contains(rest, []byte(requestHead))
}

// answer counts the first message in what has come back. What says no more than
// that a message was taken is no delivery.
func (l *loop) answer(s *socket, payload []byte) {
	seq, sent, from, ok := parseRequest(payload)
	r := l.plan.Requests
	switch {
	case !ok && r.Relayed && bytes.Contains(payload, []byte(joinSuccess)):
	case !ok || r.Relayed && from >= r.members[s.room]:
		l.tally.Foreign++
	case !r.Relayed:
		if l.deliver(&s.sequence, seq, sent) && r.Rate == 0 && l.sending.Load() {
			l.request(s, time.Now())
		}
	default:
		if s.peers == nil {
			s.peers = make([]sequence, r.members[s.room])
		}
		l.deliver(&s.peers[from], seq, sent)
	}
}
