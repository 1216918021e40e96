package core

import (
	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// Context is a request and the client that sent it. It is valid, and may be
// used, only on the goroutine of the handler and until the handler returns.
type Context struct {
	loop     *loop
	client   *shard.Client
	envelope codec.Envelope
	later    bool // the reply comes later
	silent   bool // there is no reply
}

// ClientID returns the client's id, which outlives the context.
func (c *Context) ClientID() shard.ID { return c.client.ID() }

// User returns who the client is, nil for an anonymous one. It may be kept.
func (c *Context) User() *shard.User { return c.client.User() }

// Data returns the request's data: raw JSON, nil without any. It is a view
// into the socket's buffer and valid until the handler returns.
func (c *Context) Data() []byte { return c.envelope.Data }

// Bind decodes the request's data into the value that v points to. Strings are
// copied and may be kept.
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
)

// bindAPI copies strings, as the data is a view. Names of fields match keys in
// either case, as in encoding/json.
var bindAPI = sonic.Config{CopyString: true, ValidateString: true}.Froze()

// IsMember reports whether the client is in the room.
func (c *Context) IsMember(room string) bool { return c.loop.shard.IsMember(c.client, room) }

// Publish sends a message as Server.Publish does. Messages that are published
// while one batch of a client's input is handled reach each receiver in one
// write.
func (c *Context) Publish(p Publication) (receivers int, err error) {
	return c.loop.server.publish(&p, &c.loop.ring)
}

// Server returns the server.
func (c *Context) Server() *Server { return c.loop.server }
