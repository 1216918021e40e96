package bench

import (
	"sync/atomic"
	"time"
)

// What a loop does when its connections are to break and to come back.

// repeatAfter is how long a socket waits that could not come back before it tries
// again. The wait is too short to help the server, and only keeps the generator
// from spinning.
const repeatAfter = 20 * time.Millisecond

// repeat is a handshake to be begun again.
type repeat struct {
	socket *socket
	due    time.Time
}

// sever resets all connections if it was ordered, for dial to begin them again.
func (l *loop) sever() {
	if l.severing.Load() == l.state.Breaks {
		return
	}
	l.state.Breaks++
	for i := range l.sockets[:l.dialled] {
		if s := &l.sockets[i]; s.stage != gone {
			s.close()
		}
	}
	l.dialled, l.inFlight, l.repeats = 0, 0, nil
	l.state.Ready, l.state.Failed, l.state.Closed = 0, 0, 0
}

// again has a socket try once more, soon.
func (l *loop) again(s *socket, err error) {
	l.setback.CompareAndSwap(nil, &err)
	l.state.Repeated++
	l.repeats = append(l.repeats, repeat{s, time.Now().Add(repeatAfter)})
}

// repeat begins what is due to be begun again, and returns the milliseconds until
// there is more, -1 if there is none.
func (l *loop) repeat() (timeout int) {
	limit := l.plan.inFlight(true)
	for len(l.repeats) > 0 && l.inFlight < limit && time.Since(l.repeats[0].due) >= 0 {
		s := l.repeats[0].socket
		l.repeats = l.repeats[1:]
		l.begin(s)
	}
	if len(l.repeats) == 0 || l.inFlight >= limit {
		return -1
	}
	return max(int(time.Until(l.repeats[0].due)/time.Millisecond)+1, 0)
}

// sooner is the shorter of two timeouts, of which -1 is the longest.
func sooner(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// first returns text, or what an error says if there is no text yet.
func first(text string, err *atomic.Pointer[error]) string {
	if e := err.Load(); text == "" && e != nil {
		return (*e).Error()
	}
	return text
}
