package client_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"
)

// fake is a WebSocket server that does what a test wants and nothing else.
type fake struct {
	gws.BuiltinEventHandler
	url      string
	messages chan string
	pongs    chan string
	requests chan http.Header
	opened   chan *gws.Conn
}

func (f *fake) OnMessage(_ *gws.Conn, m *gws.Message) {
	f.messages <- m.Data.String()
	_ = m.Close()
}

func (f *fake) OnPong(_ *gws.Conn, payload []byte) { f.pongs <- string(payload) }

// pretend runs a fake until the test ends.
func pretend(t testing.TB) *fake {
	t.Helper()
	f := &fake{
		messages: make(chan string, 1024),
		pongs:    make(chan string, 1024),
		requests: make(chan http.Header, 1024),
		opened:   make(chan *gws.Conn, 1024),
	}
	var open sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	upgrader := gws.NewUpgrader(f, &gws.ServerOption{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		f.requests <- r.Header
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		mu.Lock()
		conns = append(conns, conn.NetConn())
		mu.Unlock()
		f.opened <- conn
		conn.ReadLoop()
	}))
	t.Cleanup(func() {
		web.Close()
		mu.Lock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		open.Wait()
	})
	f.url = "ws" + strings.TrimPrefix(web.URL, "http") + "/ws"
	return f
}

// relay is a TCP relay to a server that can cut or stop what goes through it.
type relay struct {
	listener net.Listener
	target   string
	flows    sync.WaitGroup
	gate     sync.RWMutex // held to stop what goes through
	mu       sync.Mutex
	conns    []net.Conn
}

// between runs a relay to the server until the test ends.
func between(t testing.TB, target string, wrap ...func(net.Listener) net.Listener) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	for _, w := range wrap {
		listener = w(listener)
	}
	r := &relay{listener: listener, target: target}
	r.flows.Go(r.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		r.cut()
		r.flows.Wait()
	})
	return r
}

func (r *relay) url() string { return "ws://" + r.listener.Addr().String() + "/ws" }

func (r *relay) accept() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", r.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, near, far)
		r.mu.Unlock()
		r.flows.Go(func() { r.copy(near, far) })
		r.flows.Go(func() { r.copy(far, near) })
	}
}

func (r *relay) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		r.gate.RLock()
		_, failed := to.Write(buffer[:n])
		r.gate.RUnlock()
		if err != nil || failed != nil {
			return
		}
	}
}

// cut ends all connections as a power cut does, without a close frame.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.Close()
	}
	r.conns = nil
}

// answer runs a listener that sends the same bytes to each connection when it has
// sent something, and reads on.
func answer(t testing.TB, response string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, response)
				_, _ = io.Copy(io.Discard, conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return "ws://" + listener.Addr().String() + "/ws"
}
