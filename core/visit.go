package core

import (
	"github.com/gannet-ws/gannet/shard"
)

// A client's state belongs to its event loop. Other goroutines visit it: they
// post a function that the loop calls with the client's context.

// Visit has f called with the context of a client of this node, on its event
// loop, where f must not block. It does not wait for that, and reports whether
// the client is connected; one that goes before its turn comes is not visited.
// Any goroutine may call it. Visits of one goroutine to one client come in
// order.
func (s *Server) Visit(id ClientID, f func(*Context)) bool {
	return s.visit(id, f, nil)
}

// visit calls missed, if there is one, in the place of f for a client that has
// gone by then.
func (s *Server) visit(id ClientID, f func(*Context), missed func()) bool {
	l := s.loop(id.Shard())
	if l == nil || !s.Alive(id) {
		return false
	}
	l.post(shard.Op{Call: func(sh *shard.Shard) {
		c := sh.Find(id)
		if c == nil || c.State() != shard.Open {
			if missed != nil {
				missed()
			}
			return
		}
		l.visited(c, f)
	}})
	return true
}

// visited calls f, and sends the client what f had to say to it.
func (l *loop) visited(c *shard.Client, f func(*Context)) {
	ctx := &Context{loop: l, client: c}
	l.window = c.Window()
	defer l.timed(ctx, l.server.clock())
	defer l.recovered(ctx)
	f(ctx)
	l.sendReplies(c)
}

// away reports whether the context is used on another goroutine than its
// client's loop.
func (c *Context) away() bool { return c.client == nil }

// ask visits the client of a context that is away from it, and waits for the
// answer. It reports whether there is one: the client may have gone.
func ask[T any](c *Context, f func(here *Context) T) (answer T, ok bool) {
	if c.gone {
		return answer, false
	}
	return askClient(c.Context().Done(), c.loop.server, c.ClientID(), f)
}

// askClient visits a client and waits for the answer, or until enough is closed.
func askClient[T any](enough <-chan struct{}, s *Server, id ClientID, f func(*Context) T) (answer T, ok bool) {
	type result struct {
		answer T
		ok     bool
	}
	answered := make(chan result, 1)
	l := s.loop(id.Shard())
	visiting := s.visit(id, func(here *Context) {
		r := result{ok: false}
		defer func() { answered <- r }() // also if f panics
		r.answer = f(here)
		r.ok = true
	}, func() { answered <- result{} })
	if !visiting {
		return answer, false
	}
	select {
	case r := <-answered:
		return r.answer, r.ok
	case <-enough:
	case <-l.ended:
	}
	select {
	case r := <-answered: // at the last moment
		return r.answer, r.ok
	default:
		return answer, false
	}
}
