package shard

// The backlog is what waits for a client that reads more slowly than messages
// come. It is bounded in bytes; at the bound the client is ended or a message
// skipped, the newest or the oldest, and everybody else is served as before.

// Overflow says what happens to a message for which a backlog has no room.
type Overflow uint8

// The choices.
const (
	EndClient  Overflow = iota // the client is ended
	SkipNewest                 // the message is skipped
	SkipOldest                 // those that have waited longest are skipped for it
)

// maxControls is the number of control frames that may wait for one client:
// they are exempt from the backlog's limit, and a peer that pings and never
// reads must not make use of that.
const maxControls = 32

// Enqueue queues a whole frame for the client, to be written with all else that
// waits for it when the shard settles. The frame is kept, not copied, and must
// not change. At the backlog's limit the client is ended or a message skipped.
func (s *Shard) Enqueue(c *Client, frame []byte) {
	if s.admit(c, len(frame), 1) {
		s.push(c, frame, 1)
	}
}

// EnqueueControl is Enqueue for control frames, which are bounded by their
// number, not by the backlog's limit.
func (s *Shard) EnqueueControl(c *Client, frame []byte) {
	if c.controls == maxControls && !c.Echo() {
		s.refuse(c, 1)
		return
	}
	c.controls++
	s.push(c, frame, 1)
}

// EnqueueLast is Enqueue for a client's close frame, which no limit stops: there
// is one for each client.
func (s *Shard) EnqueueLast(c *Client, frame []byte) { s.push(c, frame, 1) }

func (s *Shard) push(c *Client, frame []byte, frames int) {
	c.queue.push(&s.nodes, frame, frames)
	s.markDirty(c)
}

// admit reports whether so many frames of size bytes in all may wait for the
// client, and refuses them if not.
func (s *Shard) admit(c *Client, size, frames int) bool {
	size += frameCost
	if c.Backlog()+size <= s.options.MaxBacklog || c.Echo() {
		return true
	}
	if c.flags&flagOverflow != 0 {
		s.Counters.Dropped += uint64(frames)
		return false
	}
	// What waits may only be waiting for the end of the turn.
	for c.queue.head != 0 && c.flags&(flagBlocked|flagDoomed) == 0 {
		s.flushOnce(c)
	}
	switch {
	case c.state == Free || c.flags&flagDoomed != 0:
		return false
	case c.flags&flagBlocked == 0 || c.Backlog()+size <= s.options.MaxBacklog:
		return true
	case s.options.Overflow == SkipOldest && size <= s.options.MaxBacklog:
		s.makeRoom(c, size)
		return true
	}
	s.refuse(c, frames)
	return false
}

// refuse counts frames as skipped, or ends the client.
func (s *Shard) refuse(c *Client, frames int) {
	if s.options.Overflow != EndClient {
		s.Counters.Skipped += uint64(frames)
		return
	}
	s.Counters.Dropped += uint64(frames)
	if c.flags&flagOverflow == 0 {
		c.flags |= flagOverflow
		s.overflowed = append(s.overflowed, c)
	}
}

// makeRoom skips the messages that have waited longest for the client until one of
// so many bytes is within the limit. The rest of a frame that has begun does not
// count, nor do control frames once nothing else is left to skip: so the newest
// message always waits.
func (s *Shard) makeRoom(c *Client, size int) {
	excess := c.Backlog() - c.queue.begun(&s.nodes) + size - s.options.MaxBacklog
	s.Counters.Skipped += uint64(c.queue.dropOldest(&s.nodes, excess))
}

// Discard drops what waits for the client, but for the rest of a frame that has
// been begun, so that a close frame can still be understood.
func (s *Shard) Discard(c *Client) {
	s.Counters.Dropped += uint64(c.queue.clear(&s.nodes, true))
}
