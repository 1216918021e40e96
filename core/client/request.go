package client

import (
	"context"
	"encoding/json"
	"fmt"
)

// Send queues a message for the server, in order with the others, and returns:
// it may be sent now, or after the next connect. data is anything that
// encoding/json has a form for, nil for none, and is encoded before Send
// returns. While the queue is full Send waits until ctx ends, or returns
// ErrQueueFull if the client is not connected.
//
// What the server answers, if anything, comes as a message like any other.
func (c *Client) Send(ctx context.Context, typ, action string, data any) error {
	payload, err := c.encode(request{Type: typ, Action: action, Data: data})
	if err != nil {
		return err
	}
	return c.enqueue(ctx, &outgoing{payload: payload})
}

// Request sends a message as Send does, waits for the reply, and decodes its
// response into the value that response points to. If response is nil, or the
// reply has none, nothing is decoded.
//
// The error is a *ReplyError if the server replied with one; ErrTimeout after
// Options.RequestTimeout, or why ctx ended, and then the request is not sent any
// more if it was still queued; ErrDisconnected if the connection ended after the
// request was sent, and then nobody knows whether the server handled it;
// ErrQueueFull, ErrBacklogFull (see Options.MaxBacklog), and ErrClosed.
func (c *Client) Request(ctx context.Context, typ, action string, data, response any) error {
	reply, err := c.ask(ctx, c.newCall(), typ, action, data)
	if err != nil || response == nil || reply == nil {
		return err
	}
	if err := json.Unmarshal(reply, response); err != nil {
		return fmt.Errorf("the response to %s.%s has another form than expected: %w", typ, action, err)
	}
	return nil
}

// ask sends a request and waits for the response.
func (c *Client) ask(ctx context.Context, made *call, typ, action string, data any) (json.RawMessage, error) {
	payload, err := c.encode(request{Type: typ, Action: action, Data: data, ID: json.RawMessage(made.id)})
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	if err := c.enqueue(ctx, &outgoing{payload, made}); err != nil {
		return nil, requestError(typ, action, err)
	}
	select {
	case <-made.done:
	case <-ctx.Done():
		c.abandon(made, context.Cause(ctx))
	}
	return made.response, requestError(typ, action, made.err)
}

// bounded returns ctx with the request timeout.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.options.RequestTimeout < 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, c.options.RequestTimeout, ErrTimeout)
}

// requestError says which request failed. What the server replied speaks for
// itself.
func requestError(typ, action string, err error) error {
	if _, replied := err.(*ReplyError); replied || err == nil {
		return err
	}
	return fmt.Errorf("request %s.%s: %w", typ, action, err)
}
