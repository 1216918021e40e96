package admin

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// handlersPerPlace is how many goroutines that serve connections there may be for each
// connection: one whose connection has made room for another may need a moment to end.
const handlersPerPlace = 16

// limitListener accepts so many connections at a time: they share the process's
// descriptors with the clients. When all places are held, who has shown no key makes
// room for who comes, and is counted as evicted. Where nobody has to, who comes is
// closed at once and counted as refused: a probe should rather fail than wait.
// The http.Server has to call state.
type limitListener struct {
	net.Listener
	places   *places
	handlers chan struct{} // has an entry for each goroutine that serves a connection
	refused  atomic.Uint64
	evicted  atomic.Uint64
}

func newLimitListener(l net.Listener, limit int) *limitListener {
	return &limitListener{Listener: l, places: newPlaces(limit), handlers: make(chan struct{}, handlersPerPlace*limit)}
}

// Accept waits for a connection that gets a place, and until there may be another
// goroutine to serve it. One goroutine may call it.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		l.handlers <- struct{}{} // one that ends waits for nobody
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.handlers
			return nil, err
		}
		taken, victim := l.places.take(conn)
		if victim != nil {
			l.evicted.Add(1)
			_ = victim.Conn.Close()
		}
		if taken != nil {
			return taken, nil
		}
		<-l.handlers
		l.refused.Add(1)
		_ = conn.Close()
	}
}

// state follows a connection: it is http.Server.ConnState. A request is under way from
// its complete head until its answer has been written.
func (l *limitListener) state(conn net.Conn, state http.ConnState) {
	switch held := conn.(*heldConn); state {
	case http.StateActive, http.StateIdle:
		held.turn(state == http.StateActive)
	case http.StateClosed:
		<-l.handlers
	}
}

// drain waits until all connections have been closed, or ctx ends. Accept must not
// be called any more.
func (l *limitListener) drain(ctx context.Context) {
	for l.places.number() > 0 {
		select {
		case <-l.places.freed:
		case <-ctx.Done():
			return
		}
	}
}
