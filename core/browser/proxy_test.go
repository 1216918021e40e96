package browser_test

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy is a network that can go silent: it stands between a client and a
// server, and closes nothing when it stops to forward.
type proxy struct {
	listener net.Listener
	target   string
	flowing  sync.RWMutex // locked while the proxy is silent
	copying  sync.WaitGroup

	mu    sync.Mutex
	over  bool
	conns []net.Conn
}

// through starts a proxy before an address until the test ends.
func through(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", freePort)
	require.NoError(t, err)
	p := &proxy{listener: listener, target: target}
	p.copying.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		p.copying.Wait()
	})
	return p
}

func (p *proxy) url() string { return "ws://" + p.listener.Addr().String() + "/ws" }

// silence stops all forwarding until the returned function is called.
func (p *proxy) silence(t *testing.T) (resume func()) {
	p.flowing.Lock()
	resume = sync.OnceFunc(p.flowing.Unlock)
	t.Cleanup(resume)
	return resume
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.keep(client, server)
		p.copying.Go(func() { p.forward(client, server) })
		p.copying.Go(func() { p.forward(server, client) })
	}
}

// forward copies until either side ends.
func (p *proxy) forward(from, to net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.flowing.RLock()
		_, err = to.Write(buffer[:n])
		p.flowing.RUnlock()
		if err != nil {
			return
		}
	}
}

func (p *proxy) keep(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
	if p.over {
		closeAll(p.conns)
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	closeAll(p.conns)
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		_ = conn.Close()
	}
}
