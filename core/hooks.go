package core

import (
	"net/netip"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// Hooks are called as clients come, speak and go, for clients of different event
// loops at the same time. Those that are nil cost nothing. All but Started, Drained
// and Missed run on the client's event loop and must not block, as a database or
// another server makes one; writing a log line does not count. A panic ends the
// client's connection with 1011, as far as there is one.
type Hooks struct {
	// Started is called in each Run, on a goroutine of its own, when the server
	// listens. A panic is logged.
	Started func(*Server)
	// Drained is called in each Run when its clients have gone, or DrainTimeout is
	// over, and before the server leaves the bus, which waits for it: who publishes
	// from outside, over a listener of the application's own, ends that here. What is
	// published later does not reach other nodes. A panic is logged.
	Drained func(*Server)
	// Connected is called when a client has been upgraded, before its first
	// message is handled. It may join the client to rooms.
	Connected func(*Context)
	// Disconnected is called when a client's connection has ended, whoever
	// ended it. The client receives nothing any more; it is still counted, and
	// no more when this returns.
	Disconnected func(Departure)
	// Message is called for each envelope from a client, before its handler.
	Message func(*Context)
	// Error is called when a handler fails: with what it returned, unless that
	// was for the client to know, or with its panic. Both are logged without
	// it, once a second at most.
	Error func(c *Context, err error)
	// Join decides whether a client may join a room that it asks for; what code
	// joins it to is not asked. An *Error is told to the client; of any other
	// it learns only that it may not.
	Join func(c *Context, room string) error
	// Missed is called when messages or events of other nodes have not reached
	// this one, or may not have: where clients have to be brought up to date, it
	// is the place to do that. It runs on a goroutine of the bus and may wait:
	// the bus joins what it has to say meanwhile. A server that stops waits for
	// it. A panic is logged.
	Missed func(*Server, bus.Gap)
}

// Departure says who has gone, and why.
type Departure struct {
	Server   *Server
	ClientID ClientID
	User     *User      // nil for an anonymous client
	Address  netip.Addr // as ClientView.Address returns it
	Reason   Reason
}

// connected tells that a client has come.
func (l *loop) connected(c *shard.Client) {
	if c.Echo() {
		return
	}
	o := &l.server.options
	l.announceConnected(c)
	l.context = Context{loop: l, client: c}
	if o.AutoJoin {
		l.context.autoJoin()
	}
	if o.Hooks.Connected != nil {
		defer l.recovered(&l.context)
		o.Hooks.Connected(&l.context)
	}
}

// disconnected tells that a client has gone.
func (l *loop) disconnected(c *shard.Client) {
	if c.Echo() {
		return
	}
	l.announceDisconnected(c)
	if tell := l.server.options.Hooks.Disconnected; tell != nil {
		defer l.survive("disconnected")
		tell(Departure{Server: l.server, ClientID: c.ID(), User: c.User(), Address: l.shard.Address(c), Reason: Reason(c.Reason)})
	}
}

// failed tells of a handler's error.
func (l *loop) failed(c *Context, err error) {
	if tell := l.server.options.Hooks.Error; tell != nil {
		defer l.survive("error")
		tell(c, err)
	}
}

// survive, deferred, counts the panic of a hook behind which there is no client
// to end.
func (l *loop) survive(hook string) {
	if p := recover(); p != nil {
		l.counters.Panics++
		l.server.logPanic("hook "+hook, p)
	}
}

// routeName is a request's route in logs.
func routeName(envelope *codec.Envelope) string {
	typ, action, _ := envelope.Route()
	return typ + "." + action
}
