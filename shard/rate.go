package shard

// Rate is what one client may send, as a token bucket: so much each second, and
// Burst at once. The zero Rate is no limit.
type Rate struct {
	PerSecond float32
	Burst     float32
}

// refill returns the tokens after so many milliseconds. Those beyond Burst, which have
// been granted, stay.
func (r Rate) refill(tokens float32, elapsed uint32) float32 {
	return max(tokens, min(r.Burst, tokens+r.PerSecond*float32(elapsed)/1000))
}

// See notes that bytes have come from the client, and fills its buckets. Who has
// them full again has no strikes any more.
func (s *Shard) See(c *Client) {
	elapsed := s.Now - c.Seen
	c.Seen = s.Now
	c.flags &^= flagPinged
	messages, bytes := s.options.Messages, s.options.Bytes
	if messages == (Rate{}) && bytes == (Rate{}) {
		return
	}
	c.messages = messages.refill(c.messages, elapsed)
	c.bytes = bytes.refill(c.bytes, elapsed)
	if messages.full(c.messages) && bytes.full(c.bytes) {
		c.Strikes = 0
	}
}

// Spend takes a message of size bytes from the client's buckets. It reports
// whether they have it; if not, the client has one strike more.
func (s *Shard) Spend(c *Client, size int) bool {
	messages, bytes := s.options.Messages, s.options.Bytes
	switch {
	case c.Echo():
		return true
	case !messages.allows(c.messages, 1) || !bytes.allows(c.bytes, float32(size)):
		c.strike()
		return false
	}
	c.messages--
	c.bytes -= float32(size)
	return true
}

// Owe takes size bytes more from the client's bucket than Spend has for a message, which
// may leave it with less than none: no more messages are afforded until that is filled.
func (s *Shard) Owe(c *Client, size int) {
	if !c.Echo() {
		c.bytes -= float32(size)
	}
}

// frameCharge is what a frame that is no message by itself counts for, in bytes. It
// is cheap to read, but not free: with 8 MiB a second a client may send 8,192 of
// them, which are 8 KiB byte by byte, or 512 KiB in pieces of 64 bytes.
const frameCharge = 1 << 10

// SpendFrame takes a frame that is no message by itself, a fragment or a pong, from
// the client's bucket of bytes: its charge, and size bytes. It reports whether the
// bucket has them; if not, the client has one strike more.
func (s *Shard) SpendFrame(c *Client, size int) bool {
	charge := float32(frameCharge + size)
	switch {
	case c.Echo():
		return true
	case !s.options.Bytes.allows(c.bytes, charge):
		c.strike()
		return false
	}
	c.bytes -= charge
	return true
}

// lateBytes is what a client may send at least once it is being closed: what it had
// under way, and its close frame.
const lateBytes = 64 << 10

// GrantLate has the bucket of bytes of a client that is being closed hold lateBytes at
// least.
func (s *Shard) GrantLate(c *Client) { c.bytes = max(c.bytes, lateBytes) }

// SpendLate takes what a client that is being closed has sent from its bucket of bytes:
// size bytes, and their charge for so many frames. It reports whether the bucket had
// them. An echo client has such a bucket, too.
func (s *Shard) SpendLate(c *Client, frames, size int) bool {
	c.bytes -= float32(frames*frameCharge + size)
	return s.options.Bytes == Rate{} || c.bytes >= 0
}

// strike counts one strike more, up to what the field holds.
func (c *Client) strike() { c.Strikes = min(c.Strikes, ^uint8(0)-1) + 1 }

// full reports whether a bucket has all the tokens that it can have.
func (r Rate) full(tokens float32) bool { return r == Rate{} || tokens >= r.Burst }

func (r Rate) allows(tokens, wanted float32) bool {
	return r == Rate{} || tokens >= wanted
}
