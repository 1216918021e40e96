package core

import (
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// drainPoll is how often a drain looks whether everybody has gone.
const drainPoll = 5 * time.Millisecond

// drain refuses new clients, closes all there are, and waits until they have
// gone or DrainTimeout is over.
func (s *Server) drain() {
	s.state.Store(int32(StateDraining))
	deadline := time.Now().Add(s.options.DrainTimeout)
	for l := range s.running {
		l.post(shard.Op{Call: func(*shard.Shard) { l.closeAll(0) }})
	}
	for s.connections.Load() > 0 && time.Now().Before(deadline) {
		time.Sleep(drainPoll)
	}
	if left := s.connections.Load(); left > 0 {
		s.options.Log.Warn("connections did not end in time and are dropped", "connections", left)
	}
}

// closeAll begins to close the clients of a loop from a slot on, and posts
// itself for the next ones.
func (l *loop) closeAll(from int) {
	const chunk = 256
	l.shard.Each(from, from+chunk, func(c *shard.Client) { l.end(c, ReasonDraining) })
	if from+chunk < l.shard.Slots() {
		l.post(shard.Op{Call: func(*shard.Shard) { l.closeAll(from + chunk) }})
	}
}
