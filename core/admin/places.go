package admin

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// places are held by connections. A stranger is one that has made no request that was
// let in, for want of a key or of any request. When all places are held, one that
// comes takes that of a stranger: of the address with most of them, the one to which
// nothing has happened for the longest time. So who opens many mostly loses his own.
// Where there are no strangers it takes the place of one that was let in before and
// asks for nothing now, by the same rule. A connection with a request that was let in
// keeps its place until that is answered, however long it takes.
// Any goroutine may use it.
type places struct {
	limit int
	grace time.Duration
	freed chan struct{} // has room for one: a place has been given back

	mu   sync.Mutex
	held []*heldConn
}

// usualGrace is for how long nobody takes a stranger's place after it has been accepted,
// or a request of it has begun. It is enough for a request that is sent at once, and its
// answer, while others connect as fast as they can: they wait to be accepted.
const usualGrace = 50 * time.Millisecond

// heldConn is a connection that holds a place, or has lost it.
type heldConn struct {
	net.Conn
	places *places
	peer   netip.Prefix

	// These are guarded by places.mu.
	until time.Time // others may take its place from then on
	known bool      // a request of it was let in
	busy  bool      // one is under way
}

func newPlaces(limit int) *places {
	return &places{limit: limit, grace: usualGrace, freed: make(chan struct{}, 1)}
}

// take gives a connection a place, for which it may have to wait for a moment; nil where
// there is none. The victim, if there is one, has lost its own, and is to be closed.
func (p *places) take(conn net.Conn) (taken, victim *heldConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.held) >= p.limit {
		victim = p.victim()
		if victim == nil {
			return nil, nil
		}
		early := time.Until(victim.until)
		if early <= 0 {
			p.remove(victim)
			break
		}
		p.wait(early)
		victim = nil
	}
	taken = &heldConn{Conn: conn, places: p, peer: peerOf(conn), until: time.Now().Add(p.grace)}
	p.held = append(p.held, taken)
	return taken, victim
}

// wait leaves p to others until a place has been given back, or the time is over.
func (p *places) wait(atMost time.Duration) {
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-p.freed:
	case <-time.After(atMost):
	}
}

// victim returns who has to make room, nil for nobody.
func (p *places) victim() (worst *heldConn) {
	strangers := map[netip.Prefix]int{}
	idle := map[netip.Prefix]int{}
	for _, c := range p.held {
		switch {
		case !c.known:
			strangers[c.peer]++
		case !c.busy:
			idle[c.peer]++
		}
	}
	from := strangers
	if len(from) == 0 {
		from = idle
	}
	for _, c := range p.held {
		if c.busy || c.known && len(strangers) > 0 {
			continue
		}
		if worst == nil || from[c.peer] > from[worst.peer] || from[c.peer] == from[worst.peer] && c.until.Before(worst.until) {
			worst = c
		}
	}
	return worst
}

// remove takes a connection's place from it, and reports whether it had one.
func (p *places) remove(c *heldConn) bool {
	at := slices.Index(p.held, c)
	if at < 0 {
		return false
	}
	p.held = slices.Delete(p.held, at, at+1)
	return true
}

// number returns how many places are held.
func (p *places) number() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}

// peerOf returns whose connection it is: an address, or with IPv6 the network that one
// machine usually has for itself.
func peerOf(conn net.Conn) netip.Prefix {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}
	}
	address := from.Addr().Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, _ := address.Prefix(bits) // it has as many
	return prefix
}

// turn notes that a request begins, or has been answered and none is under way.
func (c *heldConn) turn(begins bool) {
	c.places.mu.Lock()
	defer c.places.mu.Unlock()
	c.until, c.busy = time.Now(), false
	if begins {
		c.until = c.until.Add(c.places.grace)
	}
}

// keep has the connection keep its place until the request under way has been answered.
// It reports whether it still has its place: nobody would get the answer otherwise.
func (c *heldConn) keep() bool {
	c.places.mu.Lock()
	defer c.places.mu.Unlock()
	c.known, c.busy = true, true
	return slices.Contains(c.places.held, c)
}

// Close closes the connection and gives its place back, if it has one still.
func (c *heldConn) Close() error {
	c.places.mu.Lock()
	if c.places.remove(c) {
		select {
		case c.places.freed <- struct{}{}:
		default:
		}
	}
	c.places.mu.Unlock()
	return c.Conn.Close()
}

// heldConnKey is under which the context of a connection's requests has the heldConn.
type heldConnKey struct{}

// inContext is http.Server.ConnContext.
func (l *limitListener) inContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, heldConnKey{}, conn)
}

// keepPlace has a request's connection keep its place until the answer, and reports
// whether there will be somebody to answer.
func keepPlace(r *http.Request) bool {
	held, ok := r.Context().Value(heldConnKey{}).(*heldConn)
	return !ok || held.keep()
}
