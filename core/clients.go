package core

import (
	"context"
	"errors"

	"github.com/gannet-ws/gannet/shard"
)

// What other goroutines can learn of clients. The methods that take a context
// wait for event loops: they are for goroutines of the application and for
// blocking routes, never for an event loop, which would wait for itself.

// Alive reports whether a client of this node is connected. It does not wait.
func (s *Server) Alive(id ClientID) bool {
	if id.Node() != s.node {
		return false
	}
	l := s.loop(id.Shard())
	return l != nil && l.shard.Alive(id)
}

// Client returns what is known of a client of this node. It waits for the
// client's event loop; the error is ErrGone, or ctx's.
func (s *Server) Client(ctx context.Context, id ClientID) (ClientInfo, error) {
	info, ok := askClient(ctx.Done(), s, id, (*Context).Info)
	if !ok {
		return ClientInfo{}, gone(ctx)
	}
	return info, nil
}

// gone is why an answer did not come.
func gone(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrGone
}

// UserClients returns the clients of a user that are connected to this node. It
// does not wait.
func (s *Server) UserClients(userID string) []ClientID { return s.directory.User(userID, nil) }

// Clients returns this node's clients for whom the filter, which may be nil,
// returns true, at most limit of them; a limit of 0 or less is none. It visits
// each event loop in turn, in pieces, and waits for them. The filter is called
// there: it must not block, and use nothing but its argument. Who comes or goes
// meanwhile may or may not be in the list. The error is ctx's.
func (s *Server) Clients(ctx context.Context, filter func(*ClientView) bool, limit int) ([]ClientInfo, error) {
	var found []ClientInfo
	for l := range s.running {
		err := l.each(ctx, 0, func(c *shard.Client) bool {
			if view := l.view(c); l.picks(filter, view) {
				found = append(found, view.Info())
			}
			return limit <= 0 || len(found) < limit
		})
		if err != nil {
			return nil, err
		}
		if limit > 0 && len(found) >= limit {
			break
		}
	}
	return found, nil
}

// picks calls a filter, in which a panic picks nobody.
func (l *loop) picks(filter func(*ClientView) bool, view *ClientView) (picked bool) {
	if filter == nil {
		return true
	}
	defer l.surviveFilter(&picked)
	return filter(view)
}

// eachChunk is the number of records that one visit of a loop looks at.
const eachChunk = 1024

// each calls f for the loop's open clients, those of EchoPath left out, from a slot on
// in the order of their ids, until f returns false. It waits for the loop, which looks
// at its sockets between two pieces.
func (l *loop) each(ctx context.Context, from int, f func(*shard.Client) (more bool)) error {
	type progress struct{ slots, more bool }
	for done := false; !done; from += eachChunk {
		step := make(chan progress, 1)
		l.post(shard.Op{Call: func(sh *shard.Shard) {
			more := true
			sh.Each(from, from+eachChunk, func(c *shard.Client) {
				more = more && (c.State() != shard.Open || c.Echo() || f(c))
			})
			step <- progress{from+eachChunk < sh.Slots(), more}
		}})
		select {
		case p := <-step:
			done = !p.slots || !p.more
		case <-ctx.Done():
			return ctx.Err()
		case <-l.ended:
			return errStopped
		}
	}
	return nil
}

var errStopped = errors.New("the server has stopped")
