package core

import (
	"fmt"
	"slices"

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
// called before Run, which returns an error when a route is taken or a handler
// missing.
func (s *Server) Handle(typ, action string, handler Handler) {
	at := route{typ, action}
	switch {
	case handler == nil:
		s.mistake("route %s.%s has no handler", typ, action)
	case typ == "" || action == "":
		s.mistake("route %q.%q needs a type and an action: no request has an empty one", typ, action)
	case s.routes[at] != nil:
		s.mistake("route %s.%s is taken", typ, action)
	default:
		s.routes[at] = handler
	}
}

// mistake keeps an error in the program for Run to return.
func (s *Server) mistake(format string, args ...any) {
	s.mistakes = append(s.mistakes, fmt.Errorf(format, args...))
}

// Routes returns the routes that have a handler, as type.action, sorted.
func (s *Server) Routes() []string {
	routes := make([]string, 0, len(s.routes))
	for r := range s.routes {
		routes = append(routes, r.typ+"."+r.action)
	}
	slices.Sort(routes)
	return routes
}

var unknownRoute = []byte(`{"error":"Unknown route","code":"UNKNOWN_ROUTE"}`)

// handleMessage answers one message from a client.
func (l *loop) handleMessage(c *shard.Client, payload []byte, text bool) {
	envelope, err := l.parser.Parse(payload, text)
	if err != nil {
		l.counters.BadMessages++
		l.replyError(err.Error(), "", envelope.ID)
		return
	}
	l.context = Context{loop: l, client: c, envelope: envelope}
	l.answer(&l.context)
}

// answer routes a request to its handler and frames the reply. A panic, in the
// handler or in the encoding of what it returned, ends the client's connection,
// nothing else.
func (l *loop) answer(ctx *Context) {
	defer l.recovered(ctx)
	if tell := l.server.options.Hooks.Message; tell != nil {
		tell(ctx)
	}
	typ, action, ok := ctx.envelope.Route()
	handler := l.server.routes[route{typ, action}]
	if !ok || handler == nil {
		l.counters.UnknownRoutes++
		l.reply(&ctx.envelope, unknownRoute)
		return
	}
	response, err := handler(ctx)
	switch {
	case ctx.later || ctx.silent:
	case err != nil:
		l.replyFailure(ctx, err)
	default:
		l.replyValue(ctx, response)
	}
}

// recovered, deferred, ends the client if there is a panic.
func (l *loop) recovered(ctx *Context) {
	p := recover()
	if p == nil {
		return
	}
	l.counters.Panics++
	l.server.logPanic(routeName(&ctx.envelope), p)
	l.failed(ctx, fmt.Errorf("panic: %v", p))
	l.sendReplies(ctx.client)
	l.end(ctx.client, ReasonInternal)
}

// reply frames a reply whose response is JSON already, nil for none.
func (l *loop) reply(envelope *codec.Envelope, response []byte) {
	l.payload = codec.AppendReply(trim(l.payload), envelope, response)
	l.frame(l.payload)
}

// replyValue frames a reply whose response is any value that JSON has a form
// for.
func (l *loop) replyValue(ctx *Context, response any) {
	encoded, err := l.encode(response)
	if err != nil {
		l.server.options.Log.Error("a handler returned what JSON cannot say", "route", routeName(&ctx.envelope), "error", err)
		l.replyFailure(ctx, err)
		return
	}
	l.reply(&ctx.envelope, encoded)
}

// replyFailure frames the error that the client is told.
func (l *loop) replyFailure(ctx *Context, err error) {
	if public, ok := err.(*Error); ok && public != nil {
		l.replyError(public.Text, public.Code, ctx.envelope.ID)
		return
	}
	l.counters.HandlerErrors++
	l.replyError("Internal error", "INTERNAL", ctx.envelope.ID)
	l.failed(ctx, err)
}

func (l *loop) replyError(text, code string, id []byte) {
	l.payload = codec.AppendError(trim(l.payload), text, code, id)
	l.frame(l.payload)
}
