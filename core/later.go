package core

import (
	"bytes"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// laterReply is the reply to a request whose handler has returned before the
// response was known.
type laterReply struct {
	server   *Server
	client   shard.ID
	envelope codec.Envelope // copies
}

// replyLater takes the reply out of the handler's hands.
func (c *Context) replyLater() *laterReply {
	c.later = true
	return &laterReply{
		server: c.loop.server,
		client: c.client.ID(),
		envelope: codec.Envelope{
			Type:   bytes.Clone(c.envelope.Type),
			Action: bytes.Clone(c.envelope.Action),
			ID:     bytes.Clone(c.envelope.ID),
		},
	}
}

// answer calls the handler and sends its reply, on the client's loop and if the
// client is still there. Any goroutine may call it.
func (r *laterReply) answer(handler Handler) {
	r.server.Visit(r.client, func(here *Context) {
		here.envelope = r.envelope
		response, err := handler(here)
		here.loop.respond(here, response, err)
	})
}
