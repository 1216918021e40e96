package core

import (
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/shard"
)

// Health is how a server is: the guide's getWebSocketHealth.
type Health struct {
	Status            string  `json:"status"` // healthy, degraded, or the server's state while it does not run
	Problem           string  `json:"problem,omitempty"`
	ActiveConnections int     `json:"activeConnections"` // clients
	Users             int     `json:"users"`
	Rooms             int     `json:"rooms"`
	MessagesIn        float64 `json:"messagesInPerSecond"`
	MessagesOut       float64 `json:"messagesOutPerSecond"` // frames to clients
	Backlog           int     `json:"backlogBytes"`         // what waits for slow clients
	LoopLagMillis     float64 `json:"loopLagMillis"`        // of the slowest event loop

	Bus *bus.Status `json:"bus,omitempty"` // the connection to other nodes; nil where there is none to lose
}

const (
	sampleInterval = time.Second
	rateWindow     = 10 // samples over which rates are taken
	// worrying is the lag of an event loop from which a server is degraded: half
	// a second's delay on everything that its clients say and hear.
	worrying = 500 * time.Millisecond
)

// Health tells how the server is. Lag and backlog are of the last second, message
// rates averages of up to ten seconds before it. Any goroutine may call it; it
// does not wait.
func (s *Server) Health() Health {
	h := Health{
		Status:            s.State().String(),
		ActiveConnections: s.directory.Clients(),
		Users:             s.directory.Users(),
		Rooms:             s.directory.Rooms(),
	}
	if status, known := s.BusStatus(); known {
		h.Bus = &status
	}
	lag, full := time.Duration(0), false
	for l := range s.running {
		lag = max(lag, l.lag())
		full = full || l.shard.Full()
		if last := l.sampled.Load(); last != nil {
			h.Backlog += last.backlog
		}
	}
	h.LoopLagMillis = float64(lag) / float64(time.Millisecond)
	if s.State() != StateRunning {
		return h
	}
	h.MessagesIn, h.MessagesOut = s.rates.perSecond()
	switch {
	case lag >= worrying:
		h.Status, h.Problem = "degraded", "an event loop lags behind"
	case full:
		h.Status, h.Problem = "degraded", "an event loop's inbox is full"
	case h.Bus != nil && !h.Bus.Connected:
		h.Status, h.Problem = "degraded", "the bus to other nodes is not connected: "+h.Bus.Problem
	default:
		h.Status = "healthy"
	}
	return h
}

// sample is what a loop tells of itself once a second.
type sample struct {
	snapshot
	at     time.Duration // by Server.clock
	lag    time.Duration // from the asking to the answer
	timed  bool          // whether it is measured how long the loop waits for sockets
	waited time.Duration // for sockets, while that was measured
	busy   float64       // the share of the time since the last sample in which it did not; -1 if not known
	frames float64       // to clients, a second since the last sample
}

// askSample asks the loop for a sample, unless it has not answered the last
// question yet.
func (l *loop) askSample() {
	asked := l.server.clock()
	if !l.asked.CompareAndSwap(0, int64(asked)) {
		return
	}
	l.post(shard.Op{Call: func(*shard.Shard) {
		now := &sample{at: l.server.clock(), timed: l.poll.Timed(), waited: l.poll.Waited()}
		now.lag = now.at - asked
		l.counters.MaxLag = max(l.counters.MaxLag, now.lag)
		l.counters.Lag.note(now.lag)
		now.snapshot = l.snapshot()
		now.compare(l.sampled.Load())
		l.sampled.Store(now)
		l.asked.Store(0)
	}})
}

// compare fills in what is known by the sample before, nil for none.
func (s *sample) compare(last *sample) {
	s.busy = -1
	if last == nil || s.at <= last.at {
		return
	}
	s.frames = float64(s.out.FramesOut-last.out.FramesOut) / (s.at - last.at).Seconds()
	if last.timed && s.timed {
		s.busy = max(0, 1-float64(s.waited-last.waited)/float64(s.at-last.at))
	}
}

// lag is the loop's last lag, or the present one if that is longer. Any
// goroutine may call it.
func (l *loop) lag() (lag time.Duration) {
	if last := l.sampled.Load(); last != nil {
		lag = last.lag
	}
	if asked := l.asked.Load(); asked != 0 {
		lag = max(lag, l.server.clock()-time.Duration(asked))
	}
	return lag
}

// rates are the totals of the last seconds, from which message rates are taken.
type rates struct {
	mu     sync.Mutex
	points []ratePoint // oldest first
}

type ratePoint struct {
	at      time.Time
	in, out uint64
}

// note adds the totals of now. A total that is lower than the last one, after the
// loops have ended, begins anew.
func (r *rates) note(now ratePoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.points); n > 0 && (now.in < r.points[n-1].in || now.out < r.points[n-1].out) {
		r.points = nil
	}
	if len(r.points) > rateWindow {
		r.points = r.points[1:]
	}
	r.points = append(r.points, now)
}

func (r *rates) perSecond() (in, out float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.points) < 2 {
		return 0, 0
	}
	first, last := r.points[0], r.points[len(r.points)-1]
	seconds := last.at.Sub(first.at).Seconds()
	return float64(last.in-first.in) / seconds, float64(last.out-first.out) / seconds
}

// sampleLoops notes the totals of the loops' last samples and asks for new ones.
func (s *Server) sampleLoops() {
	now := s.totals()
	s.rates.note(ratePoint{at: time.Now(), in: now.MessagesIn, out: now.out.FramesOut})
	s.recent.note(now)
	s.fanoutTimes.allow()
	timed := s.glanced()
	for l := range s.running {
		l.poll.SetTimed(timed)
		l.askSample()
	}
}
