package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// run connects and connects again until the client is over. It is the goroutine
// that connects and writes.
func (c *Client) run() {
	defer c.shutInbox()
	wait := newBackoff(c.options.MinBackoff, c.options.MaxBackoff)
	failures := 0 // in a row
	for {
		began := time.Now()
		connected, err := c.once(failures + 1)
		failures++
		if connected {
			failures = 0
			if time.Since(began) >= c.options.MaxBackoff {
				wait.reset()
			}
		}
		if c.ctx.Err() != nil {
			c.over(ErrClosed)
			return
		}
		if final := c.final(failures, err); final != nil {
			c.fail(final)
			return
		}
		in := wait.next() + min(retryAfter(err), c.options.MaxBackoff)
		c.tellReconnecting(failures+1, in)
		c.sleep(in)
	}
}

// once makes a connection and serves it until it ends. The error is why there is
// none, or a Closing.
func (c *Client) once(attempt int) (connected bool, err error) {
	if c.ctx.Err() != nil {
		return false, ErrClosed
	}
	c.tellConnecting(attempt)
	c.counters.attempts.Add(1)
	n, err := c.connect()
	if err != nil {
		if c.ctx.Err() == nil {
			c.counters.failedAttempts.Add(1)
			c.options.Log.Warn("cannot connect", "to", c.target.addr, "attempt", attempt, "error", err)
		}
		c.blame(err)
		return false, err
	}
	c.serve(n)
	c.away() // before the reader has ended, which may wait for a handler in Send
	<-n.ended
	if c.ctx.Err() == nil {
		c.options.Log.Warn("disconnected", "from", c.target.addr, "error", n.closing)
	}
	c.forsake(n)
	c.blame(n.closing)
	c.tellDisconnected(n.closing)
	return true, n.closing
}

// connect makes a connection that counts: upgraded, and in its rooms.
func (c *Client) connect() (*connection, error) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.options.HandshakeTimeout, errSlowHandshake)
	defer cancel()
	n, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.adopt(n)
	c.tellConnected(n)
	go n.read()
	welcome, err := n.greet(ctx)
	if err != nil {
		n.link.drop()
		close(n.decided) // before the reader has ended, which may wait for handlers
		<-n.ended
		c.forsake(n)
		return nil, err
	}
	n.welcome = welcome
	c.connected(n)
	close(n.decided)
	return n, nil
}

// adopt makes a connection the current one.
func (c *Client) adopt(n *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = n
}

// forsake forgets a connection that has ended: nobody answers what was asked on
// it.
func (c *Client) forsake(n *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.id = nil, ""
	err := c.err
	if err == nil {
		err = fmt.Errorf("%w: %w", ErrDisconnected, n.closing)
	}
	c.finishAll(true, err)
}

// connected says that the client is connected.
func (c *Client) connected(n *connection) {
	c.counters.connects.Add(1)
	var refused []error
	for _, room := range c.Rooms() {
		if err := n.welcome.Refused[room]; err != nil {
			refused = append(refused, fmt.Errorf("room %q: %w", room, err))
		}
	}
	n.welcome.ClientID = c.ID()
	c.options.Log.Info("connected", "to", c.target.addr, "client", n.welcome.ClientID)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = errors.Join(refused...)
	if c.err == nil {
		c.setStatus(StatusConnected)
	}
}

// away says that nothing is written any more.
func (c *Client) away() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.setStatus(StatusReconnecting)
	}
}

// blame keeps why the client is not connected.
func (c *Client) blame(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cause = err
}

// final returns why the client should not try again, nil if it should.
func (c *Client) final(failures int, err error) error {
	var closing Closing
	switch {
	case errors.As(err, &closing) && c.options.GiveUp(closing):
		return fmt.Errorf("%w: %w", ErrGaveUp, err)
	case c.options.MaxAttempts >= 0 && failures >= c.options.MaxAttempts:
		return fmt.Errorf("%w after %d attempts: %w", ErrGaveUp, failures, err)
	}
	return nil
}

// fail gives up.
func (c *Client) fail(err error) {
	c.options.Log.Error("gave up", "server", c.target.addr, "error", err)
	c.over(err)
}

// over ends all that waits, because of Close or because the client gave up.
func (c *Client) over(err error) {
	c.mu.Lock()
	gaveUp := c.err == nil
	if gaveUp {
		c.err = err
		c.setStatus(StatusFailed)
	}
	c.dropQueue()
	c.finishAll(false, c.err)
	c.mu.Unlock()
	if gaveUp {
		c.tellFailed(err)
	}
}

// sleep waits, unless the client is closed.
func (c *Client) sleep(in time.Duration) {
	timer := time.NewTimer(in)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}
