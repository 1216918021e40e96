package shard

// A blocked client's socket is full. What waits for it stays in its queue, as
// references, until the owner says that there is room again.

// block notes that the client's socket is full.
func (s *Shard) block(c *Client) {
	if c.flags&flagBlocked != 0 {
		return
	}
	c.flags |= flagBlocked
	s.blocked++
	s.Counters.Blocked++
	if c.flags&flagAwaited == 0 {
		c.flags |= flagAwaited
		s.options.Owner.AwaitRoom(c)
	}
}

// unblock notes that the client's socket has room, or is no more.
func (s *Shard) unblock(c *Client) {
	if c.flags&flagBlocked != 0 {
		c.flags &^= flagBlocked
		s.blocked--
	}
}

// Blocked returns the number of clients whose sockets are full.
func (s *Shard) Blocked() int { return s.blocked }

// Writable gives the client, whose socket has room again, one write. The peer has
// taken something, so it is alive. The shard has to be settled afterwards, which
// writes what is left.
func (s *Shard) Writable(c *Client) {
	if c.flags&flagBlocked != 0 {
		s.See(c)
		if !s.flushSealed(c) {
			return
		}
		s.unblock(c)
		s.flush(c)
	}
	if c.queue.head == 0 && c.flags&(flagAwaited|flagBlocked) == flagAwaited {
		c.flags &^= flagAwaited
		s.options.Owner.AwaitRoom(c)
	}
}
