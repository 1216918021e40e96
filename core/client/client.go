// Package client connects Go programs to Gannet: it keeps a connection, joins
// rooms, hands incoming messages to handlers, and matches replies with requests.
//
// # Goroutines
//
// All methods may be called from any goroutine. A client has three of its own
// while it is connected: one that connects, again and again, and writes; one that
// reads; and one that calls the handlers and events, one at a time and in the
// order in which things happened. Replies do not wait for handlers, so a handler
// may use Request, Join and Leave. It must not call Close, which waits for it:
// use go c.Close().
//
// # What gets lost
//
// A message is sent at most once. What is queued when a connection ends is sent
// on the next one; what has been written to the old one is never sent again, and
// a Request among it ends with ErrDisconnected. Messages that the server sends
// while the client is away do not come later.
//
// Handlers that are slower than the server hold the socket up rather than lose
// anything, see Options.MaxBacklog.
package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Client is a connection to Gannet that is made again when it ends. See the
// package's documentation for its goroutines.
type Client struct {
	options  Options
	target   target
	ctx      context.Context // ends when Close is called
	stop     context.CancelFunc
	ended    chan struct{} // closed when no goroutine remains
	counters counters
	slots    chan struct{} // one in it for each message in the queue
	ready    chan struct{} // tells the writer that the queue is not empty

	mu       sync.Mutex // guards what follows
	routes   map[route]Handler
	mistakes []error // in the routes, for Connect to return
	started  bool
	status   Status
	changed  chan struct{} // closed and replaced when status changes
	cause    error         // why the last attempt failed, or the last connection ended
	err      error         // why the client is over, nil before
	id       string        // as the server told, empty while not known
	refused  error         // rooms that could not be joined again
	current  *connection   // nil while away
	rooms    []string      // to be in, in the order of joining
	queue    queue
	unsent   int // messages that were dropped at the end
	calls    calls
	inbox    inbox
}

// Errors of a client, beside those that the server replies.
var (
	ErrClosed       = errors.New("the client is closed")
	ErrGaveUp       = errors.New("gave up connecting")
	ErrDisconnected = errors.New("the connection ended before the reply came")
	ErrQueueFull    = errors.New("too many messages wait to be sent")
	ErrTooLarge     = errors.New("the message is too large")
	ErrBacklogFull  = errors.New("too many messages wait for handlers before the reply")
	ErrUnsent       = errors.New("messages were not sent")
	ErrTimeout      = fmt.Errorf("no reply came in time: %w", context.DeadlineExceeded)
)

// New returns a client that is not connected yet. The error is a sentence for
// the person who chose the options.
func New(options Options) (*Client, error) {
	options.populate()
	if err := options.validate(); err != nil {
		return nil, err
	}
	target, err := parseTarget(options.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{
		options: options,
		target:  target,
		ended:   make(chan struct{}),
		slots:   make(chan struct{}, options.MaxQueue),
		ready:   make(chan struct{}, 1),
		routes:  map[route]Handler{},
		changed: make(chan struct{}),
		calls:   newCalls(),
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.inbox.arrived.L, c.inbox.space.L = &c.mu, &c.mu
	for _, room := range options.Rooms {
		c.remember(room)
	}
	return c, nil
}

// Connect connects, and returns when the client is connected and in its rooms.
// From then on it reconnects by itself. The error says what is wrong with the
// handlers, that ctx has ended, why the client gave up, or, as a *ReplyError,
// which rooms refused it: then it is connected all the same. When ctx ends the
// client goes on trying until Close, and Connect may be called again to wait
// for it.
func (c *Client) Connect(ctx context.Context) error {
	if err := c.start(); err != nil {
		return err
	}
	for {
		status, changed := c.watch()
		switch status {
		case StatusConnected:
			return c.roomErrors()
		case StatusClosed, StatusFailed:
			return c.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return c.notYet(context.Cause(ctx))
		}
	}
}

// start starts the goroutines, once.
func (c *Client) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := errors.Join(c.mistakes...); err != nil {
		return err
	}
	if c.started || c.err != nil {
		return nil
	}
	c.started = true
	c.setStatus(StatusConnecting)
	dispatched := make(chan struct{})
	go func() {
		defer close(dispatched)
		c.dispatch()
	}()
	go func() {
		defer close(c.ended)
		c.run()
		<-dispatched
	}()
	return nil
}

// notYet is the error of a Connect that could not wait any longer.
func (c *Client) notYet(why error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil {
		return fmt.Errorf("not connected yet: %w", why)
	}
	return fmt.Errorf("not connected yet: %w; last attempt: %w", why, c.cause)
}

func (c *Client) roomErrors() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

// Close sends what is queued, as far as the client is connected, closes the
// connection with 1000 and waits for the server to agree, all within
// Options.CloseTimeout. It returns when no goroutine of the client remains: when
// the handler or event that runs has returned. Messages that wait for handlers
// are discarded, and counted. The error is ErrUnsent if queued messages could
// not be sent. Closing again waits and returns the same.
func (c *Client) Close() error {
	c.beginClose()
	timeout := time.NewTimer(c.options.CloseTimeout)
	defer timeout.Stop()
	select {
	case <-c.ended:
	case <-timeout.C:
		c.dropConnection()
		<-c.ended
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unsent > 0 {
		return fmt.Errorf("%w: %d", ErrUnsent, c.unsent)
	}
	return nil
}

// beginClose has the goroutines end.
func (c *Client) beginClose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.discardMessages()
	if c.err != nil {
		return
	}
	c.err = ErrClosed
	c.setStatus(StatusClosed)
	c.stop()
	if !c.started {
		c.dropQueue()
		c.finishAll(false, ErrClosed)
		close(c.ended)
	}
}

func (c *Client) dropConnection() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		c.current.link.drop()
	}
}

// Done is closed when the client is over, because of Close or because it gave
// up, and no goroutine of it remains.
func (c *Client) Done() <-chan struct{} { return c.ended }

// Err returns why the client is over: ErrClosed, or the error of Events.Failed.
// It is nil before.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ID returns the client's id on this connection, 32 hex digits. The server tells
// it to clients with a token, and to others when they join a room; it is empty
// while it is not known.
func (c *Client) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}
