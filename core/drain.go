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

// drain has everybody go, within DrainTimeout. New clients are refused from the
// beginning, so that those who ask whether the server is ready learn it before the
// first is closed. After delay all there are are closed, over DrainPeriod, and waited
// for; until its turn each is served as before.
func (s *Server) drain(delay time.Duration) {
	o := &s.options
	s.state.Store(int32(StateDraining))
	deadline := time.Now().Add(o.DrainTimeout)
	if clients := s.directory.Clients(); clients > 0 {
		o.Log.Info("draining", "clients", clients, "delay", delay, "period", max(0, o.DrainPeriod), "timeout", o.DrainTimeout)
	}
	time.Sleep(delay)
	s.closeInTurn()
	s.closeAll()
	s.awaitDepartures(deadline)
}

// awaitDepartures waits until all connections have ended, or the deadline. Those that
// are left the end of the loops drops.
func (s *Server) awaitDepartures(deadline time.Time) {
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

// closeAll begins to close all clients that are open.
func (s *Server) closeAll() {
	for l := range s.running {
		l.post(shard.Op{Call: func(sh *shard.Shard) { l.closeSlots(0, sh.Slots()) }})
	}
}

// closeSlots begins to close the clients in a loop's slots from (included) to to
// (excluded), a few in each turn.
func (l *loop) closeSlots(from, to int) {
	const chunk = 256
	end := min(from+chunk, to)
	l.closeDraining(from, end)
	if end < to {
		l.post(shard.Op{Call: func(*shard.Shard) { l.closeSlots(end, to) }})
	}
}

// closeDraining begins to close the clients in a loop's slots. The close frame goes
// behind all that waits for a client.
func (l *loop) closeDraining(from, to int) {
	l.shard.Each(from, to, func(c *shard.Client) { l.end(c, ReasonDraining) })
}
