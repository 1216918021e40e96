package core

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// Context is a client, and its request where there is one. It is valid, and may
// be used, only on the goroutine of the function that it was given to, and until
// that returns.
//
// In a blocking route the client's state is on another goroutine, its event
// loop: methods that read or change it, from IsMember to SetMetadata, wait for
// that loop there. They fail with ErrGone, or find nothing, when the client has
// gone meanwhile.
type Context struct {
	loop     *loop
	client   *shard.Client // nil away from the loop
	id       ClientID      // away from the loop
	user     *User         // away from the loop
	gone     bool          // away from the loop: there is nobody to ask any more
	envelope codec.Envelope
	serving  *endpoint // whose handler is called on the loop; nil where there is none
	later    bool      // the reply comes later
	silent   bool      // there is no reply
}

// ErrGone is returned where a client has gone before it could be done.
var ErrGone error = &Error{Text: "Client has gone", Code: "CLIENT_GONE"}

// Server returns the server.
func (c *Context) Server() *Server { return c.loop.server }

// Context ends when the server has stopped, or gives up waiting for handlers
// while it stops: it is for what a blocking route waits for.
func (c *Context) Context() context.Context { return c.loop.life.ctx }

// ClientID returns the client's id, which outlives the context.
func (c *Context) ClientID() ClientID {
	if c.away() {
		return c.id
	}
	return c.client.ID()
}

// User returns who the client is, nil for an anonymous one. It may be kept.
func (c *Context) User() *User {
	if c.away() {
		return c.user
	}
	return c.client.User()
}

// UserID returns the subject of the client's token, empty for an anonymous one.
func (c *Context) UserID() string {
	if user := c.User(); user != nil {
		return user.ID
	}
	return ""
}

// Address returns where the client connects from, as ClientView.Address does.
func (c *Context) Address() netip.Addr {
	if c.away() {
		address, _ := ask(c, (*Context).Address)
		return address
	}
	return c.loop.shard.Address(c.client)
}

// Subprotocol returns which of Options.Subprotocols was chosen for the client, empty
// for none.
func (c *Context) Subprotocol() string {
	if c.away() {
		name, _ := ask(c, (*Context).Subprotocol)
		return name
	}
	return c.loop.server.options.subprotocol(c.loop.shard.Subprotocol(c.client))
}

// BindClaims decodes the claims of the client's token into the value that v
// points to. Names of fields match claims as in Bind. The error, an *Error, says
// that the client is anonymous or that a claim has another form.
func (c *Context) BindClaims(v any) error { return bindClaims(c.User(), v) }

func bindClaims(user *User, v any) error {
	if user == nil {
		return errAnonymous
	}
	if err := bindAPI.Unmarshal(user.Payload, v); err != nil {
		return errBadClaims
	}
	return nil
}

// Type returns the request's type, empty where there is no request or the type is
// no string.
func (c *Context) Type() string {
	typ, _, _ := c.envelope.Route()
	return strings.Clone(typ)
}

// Action returns the request's action, as Type does its type.
func (c *Context) Action() string {
	_, action, _ := c.envelope.Route()
	return strings.Clone(action)
}

// Data returns the request's data as it came, nil without any. It is a view into
// the socket's buffer and valid until the handler returns; Bind into a
// json.RawMessage makes a copy that may be kept.
func (c *Context) Data() json.RawMessage { return c.envelope.Data }

// Bind decodes the request's data into the value that v points to, as
// encoding/json does: fields are found by their names or json tags in upper or
// lower case, and what is absent leaves them as they were. Strings are copied and
// may be kept. The error is an *Error, DATA_REQUIRED or BAD_DATA: returned by a
// handler, it tells the client.
func (c *Context) Bind(v any) error {
	if c.envelope.Data == nil {
		return errNoData
	}
	if err := bindAPI.Unmarshal(c.envelope.Data, v); err != nil {
		return errBadData
	}
	return nil
}

var (
	errNoData  = &Error{Text: "Data is required", Code: "DATA_REQUIRED"}
	errBadData = &Error{Text: "Data has another form than expected", Code: "BAD_DATA"}

	errAnonymous = &Error{Text: "Authentication required", Code: "NOT_AUTHENTICATED"}
	errBadClaims = &Error{Text: "Claims have another form than expected", Code: "BAD_CLAIMS"}
)

// bindAPI copies strings, as the data is a view. Names of fields match keys in
// either case, as in encoding/json.
var bindAPI = sonic.Config{CopyString: true, ValidateString: true}.Froze()

// Broadcast sends an event as Server.Broadcast does.
func (c *Context) Broadcast(to Target, typ, action string, data any) (receivers int, err error) {
	message, err := NewMessage(typ, action, data)
	if err != nil {
		return 0, err
	}
	return c.Publish(Publication{To: to, Message: message})
}

// Publish sends a message as Server.Publish does. Messages that are published
// while one batch of a client's input is handled reach each receiver in one
// write.
func (c *Context) Publish(p Publication) (receivers int, err error) {
	if c.away() {
		return c.loop.server.Publish(p)
	}
	return c.loop.server.publish(&p, &c.loop.ring)
}

// Send sends an event to the client itself.
func (c *Context) Send(typ, action string, data any) error {
	_, err := c.Broadcast(Client(c.ClientID()).Here(), typ, action, data)
	return err
}

// Info returns a copy of all that there is to know of the client.
func (c *Context) Info() ClientInfo {
	if c.away() {
		info, _ := ask(c, (*Context).Info)
		return info
	}
	return c.loop.view(c.client).Info()
}

// Disconnect closes the client as Server.Disconnect does, once its replies have
// been sent.
func (c *Context) Disconnect(reason string) { c.loop.server.Disconnect(c.ClientID(), reason) }
