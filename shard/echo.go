package shard

// An echo client is sent what it sends, and nothing else: no walk visits it. Rates do
// not bound what it sends, nor a limit what waits for it: its owner does not read
// from it meanwhile, so that is one read's worth and one message.

// MakeEcho makes an echo client of one that has just been added.
func (s *Shard) MakeEcho(c *Client) {
	c.flags |= flagEcho
	s.options.Directory.echoes.Add(1)
}

// Echo reports whether it is an echo client.
func (c *Client) Echo() bool { return c.flags&flagEcho != 0 }
