package shard

// A blocked client's socket is full. Its connection is given a bounded part of
// what waits, to send when there is room, and the rest stays in the queue as
// references. There is no call when the connection has sent its part: that has
// to be looked at now and then.

// retryBudget is the number of clients that one Retry writes to.
const retryBudget = 256

// block notes that the client's socket is full and gives its connection the
// next size bytes to send when there is room.
func (s *Shard) block(c *Client, size int32) {
	c.flags |= flagBlocked
	s.keepBlocked(c)
	s.Counters.Blocked++
	var next []byte
	next, s.scratch = c.queue.gather(&s.nodes, s.scratch, maxWrite)
	next = next[:min(len(next), int(size), maxWrite)]
	_, err := c.socket.Write(next)
	if c.state == Free {
		return
	}
	if err != nil {
		s.Doom(c)
		return
	}
	s.Counters.BytesOut += uint64(len(next))
	s.Counters.FramesOut += uint64(c.queue.advance(&s.nodes, len(next)))
}

func (s *Shard) keepBlocked(c *Client) {
	c.blockedAt = uint32(len(s.blocked))
	s.blocked = append(s.blocked, c)
}

func (s *Shard) forgetBlocked(c *Client) {
	last := len(s.blocked) - 1
	moved := s.blocked[last]
	s.blocked[c.blockedAt] = moved
	moved.blockedAt = c.blockedAt
	s.blocked[last] = nil
	s.blocked = s.blocked[:last]
}

// Blocked returns the number of clients whose sockets are full. While it is not
// 0, Retry has to be called every few milliseconds.
func (s *Shard) Blocked() int { return len(s.blocked) }

// Retry writes to clients whose connections have sent all that they kept, a
// bounded number of them: the others have their turn in the next call. A peer
// that has taken so much is alive.
func (s *Shard) Retry() {
	still, retried := s.blocked[:0], s.retried[:0]
	for _, c := range s.blocked {
		if len(retried) == retryBudget || c.socket.OutboundBuffered() > 0 {
			c.blockedAt = uint32(len(still))
			still = append(still, c)
			continue
		}
		c.flags &^= flagBlocked
		s.See(c)
		retried = append(retried, c)
	}
	clear(s.blocked[len(still):])
	s.blocked = still
	for _, c := range retried {
		s.flush(c)
	}
	clear(retried)
	s.retried = retried[:0]
	s.Settle()
}
