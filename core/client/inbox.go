package client

import (
	"runtime/debug"
	"sync"
)

// item is what waits for the goroutine of the handlers: a message, or the call of
// an event.
type item struct {
	envelope Envelope
	event    func() // nil for a message
	size     int    // bytes
}

// itemSize is what an item counts for beside the bytes of its message.
const itemSize = 256

// requestRoom is how many times MaxBacklog may wait while replies are awaited.
const requestRoom = 4

// inbox holds what waits for handlers, oldest first. Client.mu guards it.
type inbox struct {
	items   []item
	bytes   int
	closing bool      // messages are discarded, events are not
	shut    bool      // nothing more comes
	arrived sync.Cond // or shut
	space   sync.Cond // or a call was made, or closing
}

// push adds an item, and waits while there are too many. A handler that waits for
// a reply must not be held up by messages in front of it, as they wait for that
// handler: while there are calls, more is let in; beyond that the calls end.
func (c *Client) push(it item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.inbox.closing && c.inboxFull(it.size) {
		if len(c.calls.waiting) > 0 {
			c.counters.backlogFull.Add(uint64(len(c.calls.waiting)))
			c.finishAll(false, ErrBacklogFull)
			continue
		}
		c.inbox.space.Wait()
	}
	if c.inbox.closing && it.event == nil {
		c.counters.discarded.Add(1)
		return
	}
	c.inbox.items = append(c.inbox.items, it)
	c.inbox.bytes += it.size
	c.inbox.arrived.Signal()
}

// inboxFull needs c.mu. One item always finds room.
func (c *Client) inboxFull(size int) bool {
	waiting := c.inbox.bytes + size
	if len(c.calls.waiting) > 0 {
		waiting /= requestRoom
	}
	return c.inbox.bytes > 0 && waiting > c.options.MaxBacklog
}

// take waits for an item. ok is false when nothing more comes.
func (c *Client) take() (it item, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.inbox.items) == 0 {
		if c.inbox.shut {
			return item{}, false
		}
		c.inbox.arrived.Wait()
	}
	it = c.inbox.items[0]
	c.inbox.items[0] = item{}
	c.inbox.items = c.inbox.items[1:]
	c.inbox.bytes -= it.size
	c.inbox.space.Broadcast()
	return it, true
}

// discardMessages drops the messages that wait, and those that will come. It
// needs c.mu.
func (c *Client) discardMessages() {
	c.inbox.closing = true
	kept := c.inbox.items[:0:0]
	for _, it := range c.inbox.items {
		if it.event == nil {
			c.inbox.bytes -= it.size
			c.counters.discarded.Add(1)
			continue
		}
		kept = append(kept, it)
	}
	c.inbox.items = kept
	c.inbox.space.Broadcast()
}

// shutInbox says that nothing more comes.
func (c *Client) shutInbox() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inbox.shut = true
	c.inbox.arrived.Signal()
}

// dispatch calls handlers and events until nothing more comes.
func (c *Client) dispatch() {
	for {
		it, ok := c.take()
		switch {
		case !ok:
			return
		case it.event != nil:
			c.protect("event", it.event)
		default:
			c.deliver(it.envelope)
		}
	}
}

// deliver hands a message to its event and its handler.
func (c *Client) deliver(e Envelope) {
	event, handler := c.options.Events.Message, c.handlerFor(&e)
	if event == nil && handler == nil {
		c.counters.unhandled.Add(1)
		return
	}
	name := e.Type + "." + e.Action
	if event != nil {
		c.protect(name, func() { event(e) })
	}
	if handler != nil {
		c.protect(name, func() { handler(e) })
	}
}

// protect calls a function of the program, which may panic.
func (c *Client) protect(name string, call func()) {
	defer func() {
		if p := recover(); p != nil {
			c.counters.panics.Add(1)
			c.options.Log.Error("a handler panicked", "of", name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	call()
}
