package shard

// A client may have a transport between the shard and its socket: TLS. What it is
// written is sealed first, in pieces, and none is sealed before the socket has taken
// the last one: what waits for a slow reader is plain, and shared with others. The
// rest of one piece is all the ciphertext that is ever kept.

// Transport seals what a client is written. The shard calls it on its own
// goroutine, also during a walk.
type Transport interface {
	// Seal returns what goes to the socket in the place of p, a view that is good
	// until the next call of a method of any of the shard's transports. An error
	// ends the connection.
	Seal(p []byte) ([]byte, error)
}

// wrapping is what the shard keeps for a client with a transport. Others cost
// nothing but, in a chunk where one has it, an empty one.
type wrapping struct {
	transport Transport
	pending   []byte // sealed, and not yet written; the client is blocked meanwhile
}

// maxPending is how much that is sealed may wait for one client, in bytes: a piece,
// and what the transport has had to say by itself.
const maxPending = 2 * maxWrite

// Wrap has all that the client is written go through the transport. Nothing must
// have been written before.
func (s *Shard) Wrap(c *Client, t Transport) {
	c.flags |= flagWrapped
	s.slots.wrap(c.slot(), t)
}

// Transport returns the client's transport, nil for a client without one.
func (s *Shard) Transport(c *Client) Transport {
	if c.flags&flagWrapped == 0 {
		return nil
	}
	return s.slots.wrapping(c.slot()).transport
}

// Wrapped reports whether the client has a transport.
func (c *Client) Wrapped() bool { return c.flags&flagWrapped != 0 }

// SendSealed writes what the client's transport has to say by itself, which is
// sealed already. The caller may use p again. It reports false when the peer has
// called for too much of that and read none of it: its connection has to be ended.
func (s *Shard) SendSealed(c *Client, p []byte) bool {
	if c.flags&flagBlocked == 0 {
		n := s.writeRaw(c, p)
		if n < 0 || n == len(p) {
			return true
		}
		p = p[n:]
	}
	if int(c.pending)+len(p) > maxPending {
		return false
	}
	s.keepSealed(c, p)
	return true
}

// writeSealed is write for a client with a transport. It counts as taken what has
// been sealed, also if the socket has not taken all of that: the client is blocked
// then.
func (s *Shard) writeSealed(c *Client, p []byte) (taken int) {
	transport := s.slots.wrapping(c.slot()).transport
	for taken < len(p) && c.flags&flagBlocked == 0 {
		piece := p[taken:min(taken+maxWrite, len(p))]
		sealed, err := transport.Seal(piece)
		if err != nil {
			s.Doom(c)
			return -1
		}
		n := s.writeRaw(c, sealed)
		if n < 0 {
			return -1
		}
		if n < len(sealed) {
			s.keepSealed(c, sealed[n:])
		}
		taken += len(piece)
	}
	return taken
}

// keepSealed keeps a copy of what the client's socket has no room for.
func (s *Shard) keepSealed(c *Client, p []byte) {
	w := s.slots.wrapping(c.slot())
	w.pending = append(w.pending, p...)
	s.countPending(c, len(p))
	s.block(c)
}

// flushSealed writes what has been kept, and reports whether all of it is gone.
func (s *Shard) flushSealed(c *Client) bool {
	if c.pending == 0 {
		return true
	}
	w := s.slots.wrapping(c.slot())
	n := s.writeRaw(c, w.pending)
	if n < 0 {
		return false
	}
	w.pending = w.pending[n:]
	s.countPending(c, -n)
	if c.pending == 0 {
		w.pending = nil
	}
	return c.pending == 0
}

// unwrap forgets the client's transport, if it has one.
func (s *Shard) unwrap(c *Client) {
	if c.flags&flagWrapped == 0 {
		return
	}
	s.countPending(c, -int(c.pending))
	*s.slots.wrapping(c.slot()) = wrapping{}
}

func (s *Shard) countPending(c *Client, n int) {
	c.pending += int32(n)
	s.pending += n
}

func (t *slots) wrapping(slot uint32) *wrapping {
	return &t.chunks[slot/chunkSize].Load().wrappings[slot%chunkSize]
}

func (t *slots) wrap(slot uint32, transport Transport) {
	c := t.chunks[slot/chunkSize].Load()
	if c.wrappings == nil {
		c.wrappings = make([]wrapping, chunkSize)
	}
	c.wrappings[slot%chunkSize] = wrapping{transport: transport}
}
