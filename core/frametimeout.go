package core

import "github.com/gannet-ws/gannet/shard"

// A frame or a fragmented message that has begun has to be complete within
// FrameTimeout. A peer that sends a byte now and then would hold its memory for as
// long as it likes, and seem to be alive. The sweep looks for such clients.

// noteBegun notes the time with a frame or message that has begun just now.
func (l *loop) noteBegun(c *shard.Client) {
	if _, noted := c.Reader.Since(); !noted {
		c.Reader.SetSince(l.shard.Now)
	}
}

// dawdles reports whether something has been incomplete for too long. While the
// client is not read from, that is not its fault, and the time begins anew.
func (l *loop) dawdles(c *shard.Client) bool {
	began, incomplete := c.Reader.Since()
	switch limit := l.server.options.FrameTimeout; {
	case !incomplete || limit < 0:
		return false
	case !l.hears(c):
		c.Reader.SetSince(l.shard.Now)
		return false
	default:
		return since(l.shard.Now, began) >= limit
	}
}
