package core

import (
	"time"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// One coarse sweep over a loop's connections does the work of all their timers:
// it pings the silent, drops the dead, and ends what takes too long to open or
// to close. It runs in pieces, so that the loop's sockets are not kept waiting.

const (
	sweepChunk   = 4096 // records that one turn looks at
	sweepStep    = 64   // records between two looks at the number of pings
	sweepPings   = 256  // clients that one turn pings: each costs a write
	slowestSweep = time.Second
	fastestSweep = 10 * time.Millisecond
)

var pingFrame = codec.AppendFrame(nil, codec.OpPing, nil)

// sweepInterval is short enough for each timeout to be met within a quarter.
func (o *Options) sweepInterval() time.Duration {
	shortest := min(o.HandshakeTimeout, o.CloseTimeout)
	if o.PingInterval > 0 {
		shortest = min(shortest, o.PingInterval, o.PingTimeout)
	}
	if o.InactiveTimeout > 0 {
		shortest = min(shortest, o.InactiveTimeout)
	}
	if o.FrameTimeout > 0 {
		shortest = min(shortest, o.FrameTimeout)
	}
	return min(max(shortest/4, fastestSweep), slowestSweep)
}

// milliseconds is a duration in the unit of shard.Now.
func milliseconds(d time.Duration) uint32 { return uint32(d / time.Millisecond) }

// since is the time from then to now, both of shard.Now.
func since(now, then uint32) time.Duration {
	return time.Duration(int32(now-then)) * time.Millisecond
}

func (l *loop) startSweep() {
	if l.swept < 0 {
		l.swept, l.larger = 0, 0
	}
	l.resumeAccepting()
	l.resumeReading()
	for i := len(l.handshakes) - 1; i >= 0; i-- {
		l.checkHandshake(l.handshakes[i])
	}
}

// sweep looks at the next records of the sweep that is under way, and reports
// whether some are left.
func (l *loop) sweep() (more bool) {
	if l.swept < 0 {
		return false
	}
	l.pings = 0
	for looked := 0; looked < sweepChunk && l.pings < sweepPings; looked += sweepStep {
		l.shard.Each(l.swept, l.swept+sweepStep, l.check)
		l.swept += sweepStep
	}
	if l.swept >= l.shard.Slots() {
		l.swept, l.largest = -1, l.larger
	}
	l.shard.Settle()
	return l.swept >= 0
}

// check does for one client what its timers would do.
func (l *loop) check(c *shard.Client) {
	l.larger = max(l.larger, c.Backlog())
	now := l.shard.Now
	if c.State() != shard.Open {
		if since(now, c.Deadline) >= 0 {
			l.shard.Doom(c)
		}
		return
	}
	o := &l.server.options
	switch {
	case o.InactiveTimeout > 0 && since(now, c.Active) >= o.InactiveTimeout:
		l.endInactive(c)
	case o.CloseExpired && l.expired(c):
		l.end(c, ReasonTokenExpired)
	case l.dawdles(c):
		l.end(c, ReasonFrameTimeout)
	case o.PingInterval < 0:
	case c.Pinged():
		if since(now, c.Deadline) >= 0 {
			l.end(c, ReasonPingTimeout)
		}
	case since(now, c.Seen) >= o.PingInterval:
		c.SetPinged()
		c.Deadline = now + milliseconds(o.PingTimeout)
		l.shard.EnqueueControl(c, pingFrame)
		l.pings++
	}
}

// endInactive closes a client that has not sent a message for too long.
func (l *loop) endInactive(c *shard.Client) {
	if l.server.options.LogInactive {
		l.server.options.Log.Info("client closed for inactivity", "client", c.ID().String(), "address", l.shard.Address(c))
	}
	l.end(c, ReasonInactive)
}
