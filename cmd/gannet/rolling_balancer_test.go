package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rollingCheck is the time between two questions to a node whether it is ready.
const rollingCheck = 50 * time.Millisecond

// balancer is a TCP balancer in front of nodes, with a port for WebSockets and one for
// the API. As HAProxy does, it asks each node's admin listener whether it is ready, leads
// new connections to those that are, the one with the fewest first, and tries another
// when a node cannot be reached. Any goroutine may call its methods.
type balancer struct {
	t         *testing.T
	listeners [2]net.Listener
	ended     chan struct{}
	working   sync.WaitGroup

	mu    sync.Mutex
	nodes map[*balanced]bool // by whether they are ready
	open  map[net.Conn]bool  // all ends, to be closed at the end
}

// The ports of a balancer and of its nodes.
const (
	toSockets = iota
	toAPI
)

// balanced is a node as its balancer sees it.
type balanced struct {
	addresses [2]string
	sockets   int // that it has from here; balancer.mu guards it
}

// newBalancer balances between no nodes until the test ends.
func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{t: t, ended: make(chan struct{}), nodes: map[*balanced]bool{}, open: map[net.Conn]bool{}}
	for port := range b.listeners {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		b.listeners[port] = listener
		b.working.Go(func() { b.accept(port) })
	}
	t.Cleanup(b.end)
	return b
}

func (b *balancer) end() {
	close(b.ended)
	for _, listener := range b.listeners {
		_ = listener.Close()
	}
	b.mu.Lock()
	for conn := range b.open {
		_ = conn.Close()
	}
	b.mu.Unlock()
	b.working.Wait()
}

// address is where clients of a port connect.
func (b *balancer) address(port int) string { return b.listeners[port].Addr().String() }

// add has a node asked whether it is ready, until the returned function is called.
func (b *balancer) add(c *command) (remove func()) {
	host, _, _ := strings.Cut(strings.TrimPrefix(c.url, "ws://"), "/")
	n := &balanced{addresses: [2]string{host, strings.TrimPrefix(c.admin, "http://")}}
	removed := make(chan struct{})
	b.working.Go(func() { b.check(n, removed) })
	return func() { close(removed) }
}

// check asks a node again and again whether it is ready.
func (b *balancer) check(n *balanced, removed <-chan struct{}) {
	asker := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(rollingCheck)
	defer tick.Stop()
	for {
		answer, err := asker.Get("http://" + n.addresses[toAPI] + "/ready")
		if err == nil {
			_ = answer.Body.Close()
		}
		b.mu.Lock()
		b.nodes[n] = err == nil && answer.StatusCode == http.StatusOK
		b.mu.Unlock()
		select {
		case <-tick.C:
		case <-removed:
			b.mu.Lock()
			delete(b.nodes, n)
			b.mu.Unlock()
			return
		case <-b.ended:
			return
		}
	}
}

// ready returns the number of nodes that are.
func (b *balancer) ready() (number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ready := range b.nodes {
		if ready {
			number++
		}
	}
	return number
}

// pick returns the node that is ready and has the fewest sockets, but for those that
// have been tried; nil if there is none. A socket counts from now on.
func (b *balancer) pick(port int, tried map[*balanced]bool) (best *balanced) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, ready := range b.nodes { // of equals it is any
		if ready && !tried[n] && (best == nil || n.sockets < best.sockets) {
			best = n
		}
	}
	if best != nil && port == toSockets {
		best.sockets++
	}
	return best
}

func (b *balancer) leave(n *balanced, port int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if port == toSockets {
		n.sockets--
	}
}

// accept leads connections to nodes until the listener is closed.
func (b *balancer) accept(port int) {
	for {
		conn, err := b.listeners[port].Accept()
		if err != nil {
			return
		}
		b.working.Go(func() { b.lead(conn, port) })
	}
}

// lead leads a connection to a node, or answers that there is none.
func (b *balancer) lead(client net.Conn, port int) {
	defer b.forget(client)
	if !b.remember(client) {
		return
	}
	for tried := map[*balanced]bool{}; ; {
		n := b.pick(port, tried)
		if n == nil {
			_, _ = io.WriteString(client, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		tried[n] = true
		if server, err := net.Dial("tcp", n.addresses[port]); err == nil {
			b.join(client, server)
			b.leave(n, port)
			return
		}
		b.leave(n, port)
	}
}

// join carries bytes in both directions until both have ended.
func (b *balancer) join(client, server net.Conn) {
	defer b.forget(server)
	if !b.remember(server) {
		return
	}
	var there sync.WaitGroup
	there.Go(func() { carry(server, client) })
	carry(client, server)
	there.Wait()
}

// carry copies until one side ends. It does not splice: each pipe would take two
// descriptors more.
func carry(to, from net.Conn) {
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 2<<10))
	if err != nil {
		_ = from.Close()
	}
	_ = to.(*net.TCPConn).CloseWrite()
}

// remember keeps a connection, to be closed at the end, and reports whether that has
// not come.
func (b *balancer) remember(conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.ended:
		return false
	default:
		b.open[conn] = true
		return true
	}
}

func (b *balancer) forget(conn net.Conn) {
	_ = conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, conn)
}
