package core

import "github.com/gannet-ws/gannet/shard"

// A client that is being closed is still read from: its close frame, or the end of its
// stream, comes behind what it had under way. Its byte rate holds on meanwhile, for
// all that it sends, and there is no strike any more: one that goes on beyond it is
// told that nothing more comes, and not read from again. What it sends waits in
// its own socket, which costs nothing, until it ends the connection or the deadline
// does. The close frame can be read all the same.

// hearLate charges a client that is being closed for so many frames and bytes.
func (l *loop) hearLate(c *shard.Client, frames, size int) {
	if c.State() == shard.Open || l.deaf(c) || l.shard.SpendLate(c, frames, size) {
		return
	}
	l.counters.RateLimited++
	l.deafen(c)
}

// deafen has a client that is being closed be read from no more, but for the end of
// its stream.
func (l *loop) deafen(c *shard.Client) {
	l.hangUp(c)
	c.SetPaused(true)
	l.watch(c)
}

// deaf reports whether what a client sends is of no interest any more.
func (l *loop) deaf(c *shard.Client) bool {
	return c.State() == shard.HangingUp && c.Paused()
}

// endOverdrawn closes a client whose TLS records are far more than what they hold
// calls for. To read what it has sent beyond that would be the work that is refused.
func (l *loop) endOverdrawn(c *shard.Client) {
	l.shard.Now = l.server.now()
	l.counters.RateLimited++
	l.end(c, ReasonRateLimit)
	l.deafen(c)
	l.shard.Settle()
	l.finish()
}
