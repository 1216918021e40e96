package redis_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between one node and Redis, so that this node alone can be cut
// off, as one whose process or network dies without a word.
type proxy struct {
	to       string
	listener net.Listener
	wait     sync.WaitGroup

	mu    sync.Mutex
	away  bool
	conns map[net.Conn]bool
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{to: to, listener: listener, conns: map[net.Conn]bool{}}
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		p.wait.Wait()
	})
	return p
}

func (p *proxy) url() string { return "redis://" + p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", p.to)
		if err != nil || !p.keep(from, to) {
			_ = from.Close()
			continue
		}
		p.wait.Go(func() { pipe(from, to) })
		p.wait.Go(func() { pipe(to, from) })
	}
}

func pipe(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = from.Close()
	_ = to.Close()
}

// keep notes connections, unless there are to be none.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		if p.away {
			_ = conn.Close()
			continue
		}
		p.conns[conn] = true
	}
	return !p.away
}

// cut ends all connections, and lets no others be made.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

// mend lets connections be made again.
func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = false
}
