package core

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/condition"
	"github.com/gannet-ws/gannet/shard"
)

// Handler answers a request. It runs on the client's event loop and must not
// block, unless its route is Blocking. What it returns becomes the reply's
// response; nil makes a reply without one. An error comes before a value: an
// *Error goes to the client as it is; of any other the client learns only that
// there was one, and it is logged, once a second at most. The context, and all
// that it hands out, is valid until the handler returns.
type Handler func(*Context) (any, error)

// RouteOption says how a route is served.
type RouteOption func(*endpoint)

// Blocking has the handler run on a pool of goroutines, where it may wait: for a
// database, for another server. The requests of one client to blocking routes
// are handled one at a time in their order; its other requests may overtake
// them. While too many wait (MaxBlocking, MaxBlockingPerClient), the client is
// answered with the error BUSY.
func Blocking() RouteOption { return func(e *endpoint) { e.blocking = true } }

// Require keeps clients for whom the condition does not hold from a route:
// `claim:role == admin`. They are answered FORBIDDEN. See package core/condition.
func Require(text string) RouteOption {
	return func(e *endpoint) { e.require, e.mistake = condition.Parse(text) }
}

// Typed makes a Handler of a function that takes the request's data decoded, as
// Context.Bind does.
func Typed[T any](handle func(c *Context, request T) (any, error)) Handler {
	return func(c *Context) (any, error) {
		var request T
		if err := c.Bind(&request); err != nil {
			return nil, err
		}
		return handle(c, request)
	}
}

// endpoint is what answers a route.
type endpoint struct {
	number   int // among the server's routes, in the order in which they were added
	handler  Handler
	blocking bool
	require  *condition.Condition // nil: everybody may
	mistake  error
}

// Error is an error that the client is told.
type Error struct {
	Text string // a sentence
	Code string // upper snake; may be empty
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// publicError returns what a client is told of an error, nil for nothing: the
// *Error that it is or wraps.
func publicError(err error) *Error {
	if public, ok := err.(*Error); ok {
		return public
	}
	return wrappedError(err)
}

func wrappedError(err error) *Error {
	var public *Error
	_ = errors.As(err, &public) // leaves nil where there is none
	return public
}

// route is a request's address.
type route struct{ typ, action string }

// Handle has requests with the type and action answered by handler. It must be
// called before Run, which returns an error when a route is taken or a handler
// missing.
func (s *Server) Handle(typ, action string, handler Handler, options ...RouteOption) {
	at := route{typ, action}
	switch {
	case s.late("route " + typ + "." + action):
	case handler == nil:
		s.mistake("route %s.%s has no handler", typ, action)
	case typ == "" || action == "":
		s.mistake("route %q.%q needs a type and an action: no request has an empty one", typ, action)
	case !utf8.ValidString(typ) || !utf8.ValidString(action):
		s.mistake("route %q.%q is not UTF-8: no request can name it", typ, action)
	case s.routes[at] != nil:
		s.mistake("route %s.%s is taken", typ, action)
	default:
		e := &endpoint{number: len(s.routes), handler: handler}
		for _, option := range options {
			option(e)
		}
		if e.mistake != nil {
			s.mistake("route %s.%s: %w", typ, action, e.mistake)
		}
		s.routes[at] = e
	}
}

// late reports whether the server runs, when nothing can be added any more, and
// logs what comes too late.
func (s *Server) late(what string) bool {
	if state := s.State(); state == StateNew || state == StateStopped {
		return false
	}
	s.options.Log.Error(what + " comes too late: the server runs")
	return true
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

var errForbidden = &Error{Text: "You may not do this", Code: "FORBIDDEN"}

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
	defer l.timed(ctx, l.server.clock())
	defer l.recovered(ctx)
	if tell := l.server.options.Hooks.Message; tell != nil {
		tell(ctx)
	}
	typ, action, ok := ctx.envelope.Route()
	e := l.server.routes[route{typ, action}]
	switch {
	case ok && e == nil && l.server.upstreams.channel(typ, action) != "":
		l.sendUpstream(ctx, l.server.upstreams.channel(typ, action))
	case !ok || e == nil:
		l.counters.UnknownRoutes++
		l.reply(&ctx.envelope, unknownRoute)
	case e.require != nil && !e.require.Holds(l.view(ctx.client)):
		l.counters.Forbidden++
		l.replyFailure(ctx, errForbidden)
	case e.blocking:
		l.submit(ctx, e)
	default:
		ctx.serving = e
		response, err := e.handler(ctx)
		l.respond(ctx, response, err)
	}
}

// respond frames what a handler has returned.
func (l *loop) respond(ctx *Context, response any, err error) {
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
	if p := recover(); p != nil {
		l.server.logPanic(routeName(&ctx.envelope), p)
		l.panicked(ctx, p)
	}
}

// panicked ends the client whose handler has panicked.
func (l *loop) panicked(ctx *Context, p any) {
	l.counters.Panics++
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
	if public := publicError(err); public != nil {
		l.replyError(public.Text, public.Code, ctx.envelope.ID)
		return
	}
	l.counters.HandlerErrors++
	l.replyError("Internal error", "INTERNAL", ctx.envelope.ID)
	l.server.logFailure(&ctx.envelope, err)
	l.failed(ctx, err)
}

func (l *loop) replyError(text, code string, id []byte) {
	l.payload = codec.AppendError(trim(l.payload), text, code, id)
	l.frame(l.payload)
}
