package client

import "sync/atomic"

// counters are counted on all goroutines.
type counters struct {
	attempts, failedAttempts, connects       atomic.Uint64
	sent, received                           atomic.Uint64
	queueFull, unsent, timeouts, backlogFull atomic.Uint64
	badMessages, unhandled, lateReplies      atomic.Uint64
	discarded, panics                        atomic.Uint64
}

// Stats are a client's figures. The totals count since it was made.
type Stats struct {
	Status  Status
	Queued  int // messages that wait to be sent
	Waiting int // requests that wait for a reply
	Backlog int // bytes that wait for handlers, as Options.MaxBacklog counts them

	Attempts       uint64 // to connect
	FailedAttempts uint64
	Connects       uint64
	Sent           uint64 // messages written to sockets
	Received       uint64 // messages

	QueueFull   uint64 // messages refused with ErrQueueFull
	Unsent      uint64 // messages dropped at the end, or whose write failed
	Timeouts    uint64 // requests whose time, or context, ended
	BacklogFull uint64 // requests that ended with ErrBacklogFull
	LateReplies uint64 // replies for which nobody waited any more
	BadMessages uint64 // received, but no envelopes
	Unhandled   uint64 // received, but with no handler
	Discarded   uint64 // received, but Close came before their handlers
	Panics      uint64 // of handlers and events
}

// Stats returns the figures.
func (c *Client) Stats() Stats {
	n := &c.counters
	stats := Stats{
		Attempts:       n.attempts.Load(),
		FailedAttempts: n.failedAttempts.Load(),
		Connects:       n.connects.Load(),
		Sent:           n.sent.Load(),
		Received:       n.received.Load(),
		QueueFull:      n.queueFull.Load(),
		Unsent:         n.unsent.Load(),
		Timeouts:       n.timeouts.Load(),
		BacklogFull:    n.backlogFull.Load(),
		LateReplies:    n.lateReplies.Load(),
		BadMessages:    n.badMessages.Load(),
		Unhandled:      n.unhandled.Load(),
		Discarded:      n.discarded.Load(),
		Panics:         n.panics.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	stats.Status, stats.Queued = c.status, len(c.queue)
	stats.Waiting, stats.Backlog = len(c.calls.waiting), c.inbox.bytes
	return stats
}
