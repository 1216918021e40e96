package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"
)

// peer is a server that does nothing by itself: the test is its mind.
type peer struct {
	gws.BuiltinEventHandler
	t        *testing.T
	url      string
	arrivals chan *guest

	mu    sync.Mutex
	over  bool
	conns []*gws.Conn
}

// guest is a client of a peer.
type guest struct {
	t        *testing.T
	conn     *gws.Conn
	token    string
	received chan string // closed when it has gone
}

const guestKey = "guest"

// listen starts a peer until the test ends.
func listen(t *testing.T) *peer {
	t.Helper()
	p := &peer{t: t, arrivals: make(chan *guest, 16)}
	upgrader := gws.NewUpgrader(p, &gws.ServerOption{Authorize: p.welcome})
	var reading sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reading.Add(1)
		defer reading.Done()
		if conn, err := upgrader.Upgrade(w, r); err == nil {
			conn.ReadLoop()
		}
	}))
	p.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		server.Close()
		p.dismiss()
		reading.Wait()
	})
	return p
}

func (p *peer) dismiss() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for _, conn := range p.conns {
		_ = conn.NetConn().Close()
	}
}

func (p *peer) welcome(r *http.Request, session gws.SessionStorage) bool {
	session.Store(guestKey, &guest{t: p.t, token: r.URL.Query().Get("token"), received: make(chan string, 256)})
	return true
}

func guestOf(conn *gws.Conn) *guest {
	g, _ := conn.Session().Load(guestKey)
	return g.(*guest)
}

func (p *peer) OnOpen(conn *gws.Conn) {
	g := guestOf(conn)
	g.conn = conn
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
	if p.over {
		_ = conn.NetConn().Close()
		return
	}
	p.arrivals <- g
}

func (*peer) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer m.Close()
	guestOf(conn).received <- string(m.Bytes())
}

func (*peer) OnClose(conn *gws.Conn, _ error) { close(guestOf(conn).received) }

// next waits for a client.
func (p *peer) next() *guest {
	p.t.Helper()
	return within(p.t, p.arrivals, "a client")
}

// hears waits for a message, which is empty when the client has gone.
func (g *guest) hears() string {
	g.t.Helper()
	return within(g.t, g.received, "a message")
}

func (g *guest) says(message string) {
	g.t.Helper()
	require.NoError(g.t, g.conn.WriteString(message))
}

// leaves closes the client's connection.
func (g *guest) leaves(code uint16, reason string) {
	g.t.Helper()
	require.NoError(g.t, g.conn.WriteClose(code, []byte(reason)))
}
