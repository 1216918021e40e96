package core

import (
	"slices"
	"sync"
	"time"
)

// recent is a server's totals of the last five minutes: what has happened lately is
// the difference between two of them. The ticker notes them each second; any
// goroutine may ask.
type recent struct {
	mu     sync.Mutex
	points []totals // oldest first, recentStep apart
	before totals   // a second before last
	last   totals
}

const (
	recentSpan = 5 * time.Minute
	recentStep = 5 * time.Second
)

// totals are what a server has counted since it runs, and figures of that moment.
type totals struct {
	at         time.Duration // by Server.clock
	clients    int
	lag        time.Duration // of the slowest loop
	published  uint64
	overloaded uint64
	bus        busTotals
	snapshot
}

// totals adds up the loops' last samples.
func (s *Server) totals() totals {
	now := totals{
		at:         s.clock(),
		clients:    s.directory.Clients(),
		published:  s.published.Load(),
		overloaded: s.overloaded.Load(),
		bus:        s.busTotals(),
	}
	for l := range s.running {
		now.lag = max(now.lag, l.lag())
		if last := l.sampled.Load(); last != nil {
			now.add(&last.snapshot)
		}
	}
	return now
}

// reset forgets what was before or in a run: loops begin to count anew, the server
// and its bus go on.
func (r *recent) reset(first totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.last, r.points = first, first, []totals{first}
}

// note adds the totals of now.
func (r *recent) note(now totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.last = r.last, now
	if now.at-r.points[len(r.points)-1].at >= recentStep {
		r.points = append(r.points, now)
	}
	for len(r.points) > 1 && now.at-r.points[1].at >= recentSpan {
		r.points = r.points[1:]
	}
}

// copied returns the totals of now, of a second before, and of all steps.
func (r *recent) copied() (now, before totals, points []totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.before, slices.Clone(r.points)
}

// ago returns the newest of the points that is as old as that, or else the oldest.
func ago(points []totals, now, age time.Duration) *totals {
	if len(points) == 0 {
		return &totals{}
	}
	found := 0
	for i := range points {
		if now-points[i].at >= age {
			found = i
		}
	}
	return &points[found]
}

// growth is how much a total has grown. Loops that have ended make it smaller.
func growth(from, to uint64) uint64 {
	if to < from {
		return 0
	}
	return to - from
}
