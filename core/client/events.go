package client

import (
	"encoding/json"
	"time"
)

// Events are called as a connection comes and goes, on the goroutine of the
// handlers and in order with them: Connected before the first message of a
// connection is handled, Disconnected after the last one. Those that are nil cost
// nothing.
type Events struct {
	// Connecting is called before each attempt. The first has number 1, and so
	// has the first one after a connection.
	Connecting func(attempt int)
	// Connected is called when the client is connected and in its rooms.
	Connected func(Welcome)
	// Disconnected is called when a connection has ended for which Connected
	// was called, whoever ended it.
	Disconnected func(Closing)
	// Reconnecting is called before the wait for the next attempt, whose number
	// it tells.
	Reconnecting func(attempt int, in time.Duration)
	// Failed is called when the client has given up. It is the last event.
	Failed func(error)
	// Message is called for each message from the server, before its handler.
	// Not among them are replies to Request, Join and Leave, and the JSON
	// heartbeat, which the client answers.
	Message func(Envelope)
}

// Welcome says how a connection began.
type Welcome struct {
	// ClientID is empty when the server has not told it, see Client.ID.
	ClientID string
	// UserID is the user of the token, a JSON number or string; nil without one.
	UserID json.RawMessage
	// Rooms are those that the client has joined.
	Rooms []string
	// Refused are the rooms that it could not join. They are tried again at the
	// next connect.
	Refused map[string]*ReplyError
}

// tell queues a call of an event.
func (c *Client) tell(event func()) { c.push(item{event: event, size: itemSize}) }

func (c *Client) tellConnecting(attempt int) {
	if event := c.options.Events.Connecting; event != nil {
		c.tell(func() { event(attempt) })
	}
}

// tellConnected has the handlers wait until it is known whether the connection
// counts as one.
func (c *Client) tellConnected(n *connection) {
	event := c.options.Events.Connected
	if event == nil {
		return
	}
	c.tell(func() {
		<-n.decided
		if n.welcome != nil {
			event(*n.welcome)
		}
	})
}

func (c *Client) tellDisconnected(closing Closing) {
	if event := c.options.Events.Disconnected; event != nil {
		c.tell(func() { event(closing) })
	}
}

func (c *Client) tellReconnecting(attempt int, in time.Duration) {
	if event := c.options.Events.Reconnecting; event != nil {
		c.tell(func() { event(attempt, in) })
	}
}

func (c *Client) tellFailed(err error) {
	if event := c.options.Events.Failed; event != nil {
		c.tell(func() { event(err) })
	}
}
