package core

import "github.com/gannet-ws/gannet/shard"

// A client that publishes faster than the loops deliver is not read from until
// they have caught up: what it sends waits in its own socket, and the inboxes stay
// short for everybody. Each sweep reads from it once in any case, so that a flood
// from elsewhere does not silence it.

// pauseIfCrowding stops reading from a client whose input has just left work for a
// loop that has much of it.
func (l *loop) pauseIfCrowding(c *shard.Client) {
	if l.ring == (shard.ShardSet{}) || c.Paused() || c.State() != shard.Open || !l.server.crowded(l.ring) {
		return
	}
	c.SetPaused(true)
	l.watch(c)
	l.paused = append(l.paused, c.ID())
	l.pausing.Store(true)
	l.counters.Paused++
	l.poll.Again() // the loop that is crowded may have caught up meanwhile
}

// hears reports whether a client is read from: not while it is paused, nor an echo
// client for which something waits that its socket has no room for.
func (l *loop) hears(c *shard.Client) bool {
	return !c.Paused() && !(c.Echo() && c.Awaited())
}

// crowded reports whether much work waits for one of the shards' loops.
func (s *Server) crowded(shards shard.ShardSet) bool {
	for i := range shards.All {
		if l := s.loop(i); l != nil && l.shard.Crowded() {
			return true
		}
	}
	return false
}

// catchUp reads from paused clients again once no loop is crowded any more: this
// loop's own, and those of others that have waited for this one.
func (l *loop) catchUp() {
	if l.shard.Crowded() {
		return
	}
	if l.crowded {
		l.crowded = false
		l.server.wakePausing()
	}
	if len(l.paused) > 0 && !l.server.anyCrowded() {
		l.resumeReading()
	}
}

// wakePausing has the loops take turns that have paused clients.
func (s *Server) wakePausing() {
	for l := range s.running {
		if l.pausing.Load() {
			l.poll.Wake()
		}
	}
}

func (s *Server) anyCrowded() bool {
	for l := range s.running {
		if l.shard.Crowded() {
			return true
		}
	}
	return false
}

// resumeReading reads from the paused clients again.
func (l *loop) resumeReading() {
	l.pausing.Store(false)
	for _, id := range l.paused {
		if c := l.shard.Find(id); c != nil && c.State() != shard.HangingUp {
			c.SetPaused(false)
			l.watch(c)
		}
	}
	l.paused = l.paused[:0]
}
