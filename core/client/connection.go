package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/lxzan/gws"
)

// connection is one upgraded connection. Its reader is the goroutine that calls
// the methods which gws wants; the goroutine that connects calls the others.
type connection struct {
	client        *Client
	socket        *gws.Conn
	link          *link
	authenticates bool // the server will say whom it took the client for

	greeting sync.Once
	greeted  chan struct{}   // closed when it has
	userID   json.RawMessage // valid then

	decided chan struct{} // closed when it is known whether welcome will be
	welcome *Welcome      // valid then; nil if the attempt failed

	ended   chan struct{} // closed when the reader has ended
	closing Closing       // valid then
}

// read reads until the connection ends, and closes it. gws panics on a frame with
// a length that is negative.
func (n *connection) read() {
	defer close(n.ended)
	defer n.link.drop()
	defer func() {
		if p := recover(); p != nil {
			n.closing = Closing{Code: codeProtocolError, Err: fmt.Errorf("the server sent a bad frame: %v", p)}
		}
	}()
	n.socket.ReadLoop()
}

// OnOpen is called by gws.
func (n *connection) OnOpen(*gws.Conn) {}

// OnClose is called by gws.
func (n *connection) OnClose(_ *gws.Conn, err error) { n.closing = closingOf(err) }

// OnPing is called by gws.
func (n *connection) OnPing(socket *gws.Conn, payload []byte) { _ = socket.WritePong(payload) }

// OnPong is called by gws. That something came is all that matters.
func (n *connection) OnPong(*gws.Conn, []byte) {}

// OnMessage is called by gws.
func (n *connection) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer message.Close()
	n.receive(message.Bytes())
}

var pong = []byte(`{"type":"system","action":"pong"}`)

// receive looks at a message: what is for the client itself, replies, and the
// rest, which is for handlers.
func (n *connection) receive(payload []byte) {
	c := n.client
	c.counters.received.Add(1)
	m, ok := parse(payload)
	if !ok {
		c.counters.badMessages.Add(1)
		return
	}
	if c.isReply(&m) {
		if !c.settle(&m) {
			c.counters.lateReplies.Add(1)
		}
		return
	}
	switch (route{m.Type, m.Action}) {
	case route{"system", "ping"}:
		_ = n.write(pong)
		return
	case route{"auth", "authenticated"}:
		n.authenticated(m.Data)
	case route{"user", "leftRoom"}:
		c.left(m.Data)
	}
	c.push(item{envelope: m.Envelope, size: len(payload) + itemSize})
}

// authenticated learns whom the server took the client for.
func (n *connection) authenticated(data json.RawMessage) {
	var event struct {
		UserID   json.RawMessage `json:"userId"`
		ClientID string          `json:"clientId"`
	}
	_ = json.Unmarshal(data, &event) // what is missing is not known
	n.greeting.Do(func() {
		n.client.mu.Lock()
		n.client.id = event.ClientID
		n.client.mu.Unlock()
		n.userID = event.UserID
		close(n.greeted)
	})
}

// errUnwritten is returned for a message of which the server has got nothing.
var errUnwritten = errors.New("the connection has ended")

// write writes one message. After any error but errUnwritten, the server may have
// got it, or a part. Any goroutine may call it.
func (n *connection) write(payload []byte) error {
	if n.link.failure() != nil {
		return errUnwritten
	}
	err := n.socket.WriteMessage(gws.OpcodeText, payload)
	if errors.Is(err, gws.ErrConnClosed) {
		return errUnwritten
	}
	if err == nil {
		err = n.link.failure()
	}
	if err == nil {
		n.client.counters.sent.Add(1)
	}
	return err
}

// greet waits until the server has said who the client is, and joins the rooms.
func (n *connection) greet(ctx context.Context) (*Welcome, error) {
	welcome := &Welcome{Refused: map[string]*ReplyError{}}
	if n.authenticates {
		if err := n.await(ctx, n.greeted); err != nil {
			return nil, err
		}
		welcome.UserID = n.userID
	}
	joins := n.sendJoins(welcome)
	for _, join := range joins {
		if err := n.await(ctx, join.done); err != nil {
			return nil, err
		}
		var refused *ReplyError
		switch {
		case join.err == nil:
			welcome.Rooms = append(welcome.Rooms, join.room)
		case errors.As(join.err, &refused):
			welcome.Refused[join.room] = refused
		default:
			return nil, join.err
		}
	}
	return welcome, nil
}

// sendJoins asks for all rooms before any reply has come.
func (n *connection) sendJoins(welcome *Welcome) (joins []*call) {
	c := n.client
	for _, room := range c.Rooms() {
		join := c.newCall()
		join.room, join.joins, join.sent = room, true, true
		payload, err := c.encode(request{
			Type: "system", Action: "joinRoom", Data: roomData{room}, ID: json.RawMessage(join.id),
		})
		if err != nil {
			welcome.Refused[room] = &ReplyError{Text: err.Error()}
			continue
		}
		c.mu.Lock()
		c.addCall(join)
		c.mu.Unlock()
		joins = append(joins, join)
		_ = n.write(payload) // a failure ends the connection, which await tells
	}
	return joins
}

// await waits for one of the server's answers.
func (n *connection) await(ctx context.Context, answered <-chan struct{}) error {
	select {
	case <-answered:
		return nil
	case <-n.ended:
		return n.closing
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
