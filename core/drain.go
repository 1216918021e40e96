package core

import (
	"time"

	"github.com/gannet-ws/gannet/shard"
)

const (
	// drainPoll is how often a drain looks whether everybody has gone.
	drainPoll = 5 * time.Millisecond
	// lateGrace is the time that a drain takes, when the last client has gone, for
	// those who have come too late: to be refused, and to read the refusal. On a
	// busy port there is always one more.
	lateGrace = 2 * refusedGrace
)

// drain refuses new clients, closes all there are, and waits until they have
// gone or DrainTimeout is over.
func (s *Server) drain() {
	s.state.Store(int32(StateDraining))
	deadline := time.Now().Add(s.options.DrainTimeout)
	s.closeShare(0, 1)
	for late := false; s.connections.Load() > 0 && time.Now().Before(deadline); time.Sleep(drainPoll) {
		if !late && s.directory.Clients() == 0 {
			late = true
			deadline = earlier(deadline, time.Now().Add(lateGrace))
		}
	}
	if left := s.directory.Clients(); left > 0 {
		s.options.Log.Warn("connections did not end in time and are dropped", "connections", left)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// closeSlots begins to close the clients in a loop's slots from (included) to to
// (excluded), a few in each turn.
func (l *loop) closeSlots(from, to int) {
	const chunk = 256
	end := min(from+chunk, to)
	l.shard.Each(from, end, func(c *shard.Client) { l.end(c, ReasonDraining) })
	if end < to {
		l.post(shard.Op{Call: func(*shard.Shard) { l.closeSlots(end, to) }})
	}
}
