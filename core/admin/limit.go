package admin

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// limitListener accepts so many connections at a time and closes further ones
// at once: they share the process's descriptors with the clients, and a probe
// should rather fail than wait.
type limitListener struct {
	net.Listener
	places  chan struct{}
	refused *atomic.Uint64
}

func newLimitListener(l net.Listener, limit int, refused *atomic.Uint64) *limitListener {
	return &limitListener{Listener: l, places: make(chan struct{}, limit), refused: refused}
}

// Accept waits for a connection for which there is a place.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &limitedConn{Conn: conn, places: l.places}, nil
		default:
			_ = conn.Close()
			l.refused.Add(1)
		}
	}
}

// drain waits until all connections have been closed, or ctx ends. Accept must not
// be called any more.
func (l *limitListener) drain(ctx context.Context) {
	for range cap(l.places) {
		select {
		case l.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

type limitedConn struct {
	net.Conn
	once   sync.Once
	places chan struct{}
}

// Close closes the connection and gives its place back.
func (c *limitedConn) Close() error {
	c.once.Do(func() { <-c.places })
	return c.Conn.Close()
}
