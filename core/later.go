package core

import (
	"bytes"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// laterReply is the reply to a request whose handler has returned before the
// response was known.
type laterReply struct {
	loop     *loop
	client   shard.ID
	envelope codec.Envelope // copies
}

// replyLater takes the reply out of the handler's hands.
func (c *Context) replyLater() *laterReply {
	c.later = true
	return &laterReply{
		loop:   c.loop,
		client: c.client.ID(),
		envelope: codec.Envelope{
			Type:   bytes.Clone(c.envelope.Type),
			Action: bytes.Clone(c.envelope.Action),
			ID:     bytes.Clone(c.envelope.ID),
		},
	}
}

// send sends the reply if the client is still there. Any goroutine may call it.
func (r *laterReply) send(response any) {
	l := r.loop
	l.post(shard.Op{Call: func(*shard.Shard) {
		c := l.shard.Find(r.client)
		if c == nil {
			return
		}
		r.reply(c, response)
	}})
}

// reply runs on the loop.
func (r *laterReply) reply(c *shard.Client, response any) {
	ctx := &Context{loop: r.loop, client: c, envelope: r.envelope}
	defer r.loop.recovered(ctx)
	r.loop.replyValue(ctx, response)
	r.loop.sendReplies(c)
}
