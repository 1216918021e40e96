package shard

// Rate is what one client may send, as a token bucket: so much each second, and
// Burst at once. The zero Rate is no limit.
type Rate struct {
	PerSecond float32
	Burst     float32
}

// refill returns the tokens after so many milliseconds.
func (r Rate) refill(tokens float32, elapsed uint32) float32 {
	return min(r.Burst, tokens+r.PerSecond*float32(elapsed)/1000)
}

// Hear notes a message of size bytes from the client. It reports whether the
// client keeps within its rates; if not, it has one strike more. A client whose
// buckets have filled up again has none.
func (s *Shard) Hear(c *Client, size int) bool {
	elapsed := s.Now - c.Active
	c.Active = s.Now
	messages, bytes := s.options.Messages, s.options.Bytes
	if messages == (Rate{}) && bytes == (Rate{}) {
		return true
	}
	c.messages = messages.refill(c.messages, elapsed)
	c.bytes = bytes.refill(c.bytes, elapsed)
	if c.messages == messages.Burst && c.bytes == bytes.Burst {
		c.Strikes = 0
	}
	if !messages.allows(c.messages, 1) || !bytes.allows(c.bytes, float32(size)) {
		c.Strikes = min(c.Strikes, ^uint8(0)-1) + 1
		return false
	}
	c.messages--
	c.bytes -= float32(size)
	return true
}

func (r Rate) allows(tokens, wanted float32) bool {
	return r == Rate{} || tokens >= wanted
}
