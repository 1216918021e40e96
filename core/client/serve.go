package client

// serve writes what is queued until the connection ends, or the client is closed:
// then it writes the rest and says goodbye.
func (c *Client) serve(n *connection) {
	for c.flush(n) {
		select {
		case <-c.ready:
		case <-n.ended:
		case <-c.ctx.Done():
			c.flush(n)
			_ = n.socket.WriteClose(codeNormal, nil)
			return
		}
	}
}

// flush writes all that is queued. It reports whether the connection still
// stands.
func (c *Client) flush(n *connection) bool {
	for {
		select {
		case <-n.ended:
			return false
		default:
		}
		m := c.next()
		if m == nil {
			return true
		}
		err := n.write(m.payload)
		if err == errUnwritten {
			return false // it waits for the next connection
		}
		c.written(m)
		if err != nil {
			c.lost(m)
			return false
		}
	}
}

// lost counts a message whose write failed. The caller of a request is told when
// the connection has ended.
func (c *Client) lost(m *outgoing) {
	if m.call == nil {
		c.counters.unsent.Add(1)
	}
}
