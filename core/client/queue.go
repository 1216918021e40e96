package client

import (
	"context"
	"slices"
)

// outgoing is a message that waits to be sent.
type outgoing struct {
	payload []byte
	call    *call // nil for one that needs no reply
}

// queue holds what waits to be sent, oldest first, at most Options.MaxQueue. Each
// message has a slot, see Client.slots. Client.mu guards it.
type queue []*outgoing

// enqueue queues a message. While the queue is full it waits, if the client is
// connected, until ctx ends; else it returns ErrQueueFull.
func (c *Client) enqueue(ctx context.Context, m *outgoing) error {
	for {
		status, changed := c.watch()
		if err := c.Err(); err != nil {
			return err
		}
		select {
		case c.slots <- struct{}{}:
			return c.append(m)
		default:
		}
		if status != StatusConnected {
			c.counters.queueFull.Add(1)
			return ErrQueueFull
		}
		select {
		case c.slots <- struct{}{}:
			return c.append(m)
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// append queues a message that has a slot, and lists its call.
func (c *Client) append(m *outgoing) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if m.call != nil {
		c.addCall(m.call)
	}
	c.queue = append(c.queue, m)
	select {
	case c.ready <- struct{}{}:
	default:
	}
	return nil
}

// next returns the oldest message, nil if there is none. It stays in the queue
// until it is known what became of it, see written.
func (c *Client) next() *outgoing {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		return nil
	}
	return c.queue[0]
}

// written takes the message of next out of the queue, whose call may have ended,
// and have taken it out already. From now on the server may have it.
func (c *Client) written(m *outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.call != nil {
		m.call.sent = true
	}
	if len(c.queue) > 0 && c.queue[0] == m {
		c.queue[0] = nil
		c.queue = c.queue[1:]
		<-c.slots
	}
}

// withdraw takes the message of a call that nobody waits for any more out of the
// queue, if it is still there. It needs c.mu.
func (c *Client) withdraw(unwanted *call) {
	i := slices.IndexFunc(c.queue, func(m *outgoing) bool { return m.call == unwanted })
	if i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
		<-c.slots
	}
}

// dropQueue gives up what is queued, and counts what was not a request: the
// callers of those are told. It needs c.mu.
func (c *Client) dropQueue() {
	for _, m := range c.queue {
		<-c.slots
		if m.call == nil {
			c.unsent++
			c.counters.unsent.Add(1)
		}
	}
	c.queue = nil
}
