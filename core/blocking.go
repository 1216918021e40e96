package core

import (
	"bytes"
	"fmt"
	"time"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// A blocking route's handler runs on the pool. It is given a copy of its request
// and a context that is away from the client's loop; its reply goes back there.

var errBusy = &Error{Text: "Server is busy, try again", Code: "BUSY"}

// submit hands the request to the pool.
func (l *loop) submit(ctx *Context, e *endpoint) {
	away := &Context{
		loop: l,
		id:   ctx.ClientID(),
		user: ctx.User(),
		envelope: codec.Envelope{
			Type:   bytes.Clone(ctx.envelope.Type),
			Action: bytes.Clone(ctx.envelope.Action),
			ID:     bytes.Clone(ctx.envelope.ID),
			Data:   bytes.Clone(ctx.envelope.Data),
		},
	}
	var response any
	var err error
	var took time.Duration
	taken := l.life.blocking.submit(away.id, job{
		work: func() {
			began := l.server.clock()
			response, err = away.call(e.handler)
			took = l.server.clock() - began
		},
		tell: func() { away.tell(e, took, response, err) },
	})
	if !taken {
		l.counters.Busy++
		l.replyFailure(ctx, errBusy)
	}
}

// tell has the loop send the reply, and count the time that the handler took.
func (c *Context) tell(e *endpoint, took time.Duration, response any, err error) {
	c.loop.post(shard.Op{Call: func(sh *shard.Shard) {
		c.loop.handled(e, took)
		if client := sh.Find(c.id); client != nil && client.State() == shard.Open {
			c.loop.visited(client, func(here *Context) { here.conclude(c.envelope, response, err) })
			return
		}
		c.loop.concludeGone(c, err)
	}})
}

// conclude answers the request of a blocking handler, on the client's loop.
func (c *Context) conclude(request codec.Envelope, response any, err error) {
	c.envelope = request
	if panicked, is := err.(*handlerPanic); is {
		c.loop.panicked(c, panicked.value)
		return
	}
	c.loop.respond(c, response, err)
}

// concludeGone counts the error of a blocking handler whose client has gone. The
// hook that is told runs on the loop, which must not wait for itself.
func (l *loop) concludeGone(away *Context, err error) {
	away.gone = true
	if err == nil || publicError(err) != nil {
		return
	}
	switch err.(type) {
	case *handlerPanic:
		l.counters.Panics++
	default:
		l.counters.HandlerErrors++
		l.server.logFailure(&away.envelope, err)
	}
	l.failed(away, err)
}

// handlerPanic is a panic of a blocking handler on its way to the client's loop.
type handlerPanic struct{ value any }

func (p *handlerPanic) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// call calls the handler, away from the loop.
func (c *Context) call(handler Handler) (response any, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.loop.server.logPanic(routeName(&c.envelope), p)
			response, err = nil, &handlerPanic{p}
		}
	}()
	return handler(c)
}
