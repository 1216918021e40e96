package core

import (
	"fmt"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// Handler answers a request. It runs on the client's event loop and must not
// block. What it returns becomes the reply's response; nil makes a reply
// without one. An *Error goes to the client as it is, of any other error the
// client learns only that there was one. The context, and all that it hands
// out, is valid until the handler returns.
type Handler func(*Context) (any, error)

// Error is an error that the client is told.
type Error struct {
	Text string // a sentence
	Code string // upper snake; may be empty
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// route is a request's address.
type route struct{ typ, action string }

// Handle has requests with the type and action answered by handler. It must be
// called before Run, and panics when the route is taken: that is a mistake in
// the program.
func (s *Server) Handle(typ, action string, handler Handler) {
	at := route{typ, action}
	if s.routes[at] != nil {
		panic(fmt.Sprintf("core: route %s.%s is taken", typ, action))
	}
	s.routes[at] = handler
}

var unknownRoute = []byte(`{"error":"Unknown route","code":"UNKNOWN_ROUTE"}`)

// handleMessage routes one message to its handler and frames the reply.
func (l *loop) handleMessage(c *shard.Client, payload []byte, text bool) {
	envelope, err := l.parser.Parse(payload, text)
	if err != nil {
		l.counters.BadMessages++
		l.replyError(err.Error(), "", envelope.ID)
		return
	}
	typ, action, ok := envelope.Route()
	handler := l.server.routes[route{typ, action}]
	if !ok || handler == nil {
		l.counters.UnknownRoutes++
		l.reply(&envelope, unknownRoute)
		return
	}
	l.context = Context{loop: l, client: c, envelope: envelope}
	l.answer(handler, &l.context)
}

// answer runs a handler and frames its reply. A panic, in the handler or in the
// encoding of what it returned, ends the client's connection, nothing else.
func (l *loop) answer(handler Handler, ctx *Context) {
	defer func() {
		if p := recover(); p != nil {
			l.panicked(ctx.client, &ctx.envelope, p)
		}
	}()
	response, err := handler(ctx)
	switch {
	case ctx.later || ctx.silent:
	case err != nil:
		l.replyFailure(err, ctx.envelope.ID)
	default:
		l.replyValue(&ctx.envelope, response)
	}
}

// panicked counts and logs what recover returned, and ends the client.
func (l *loop) panicked(c *shard.Client, envelope *codec.Envelope, value any) {
	l.counters.Panics++
	l.server.logPanic(routeName(envelope), value)
	l.sendReplies(c)
	l.end(c, ReasonInternal)
}

// reply frames a reply whose response is JSON already, nil for none.
func (l *loop) reply(envelope *codec.Envelope, response []byte) {
	l.payload = codec.AppendReply(trim(l.payload), envelope, response)
	l.frame(l.payload)
}

// replyValue frames a reply whose response is any value that JSON has a form
// for.
func (l *loop) replyValue(envelope *codec.Envelope, response any) {
	encoded, err := l.encode(response)
	if err != nil {
		l.server.options.Log.Error("a handler returned what JSON cannot say", "route", routeName(envelope), "error", err)
		l.replyFailure(err, envelope.ID)
		return
	}
	l.reply(envelope, encoded)
}

// replyFailure frames the error that the client is told.
func (l *loop) replyFailure(err error, id []byte) {
	if public, ok := err.(*Error); ok && public != nil {
		l.replyError(public.Text, public.Code, id)
		return
	}
	l.counters.HandlerErrors++
	l.replyError("Internal error", "INTERNAL", id)
}

func (l *loop) replyError(text, code string, id []byte) {
	l.payload = codec.AppendError(trim(l.payload), text, code, id)
	l.frame(l.payload)
}

func routeName(envelope *codec.Envelope) string {
	typ, action, _ := envelope.Route()
	return typ + "." + action
}
