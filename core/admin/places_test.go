package admin

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// from is a connection that comes from an address, and is closed when that is said.
type from struct {
	net.Conn
	address string
	closed  int
}

func (f *from) RemoteAddr() net.Addr { return peer(f.address) }

// peer is an address as a listener of any kind may write it.
type peer string

func (peer) Network() string  { return "tcp" }
func (p peer) String() string { return string(p) }

func (f *from) Close() error {
	f.closed++
	return nil
}

// comes has a connection take a place.
func (p *places) comes(address string) (taken, victim *heldConn) {
	return p.take(&from{address: address})
}

func TestPlaces_Victim(t *testing.T) {
	const one, other, near, far = "192.0.2.1:1", "192.0.2.2:1", "[2001:db8::1]:1", "[2001:db8::2]:1"
	type held struct {
		address     string
		known, busy bool
		idle        bool // for longer than it is since the others came
	}
	for name, tt := range map[string]struct {
		held   []held
		victim int // among them; -1 for nobody
	}{
		"the oldest":                    {[]held{{address: one}, {address: one}, {address: one}}, 0},
		"of the address with most":      {[]held{{address: other}, {address: one}, {address: one}}, 1},
		"the oldest of several":         {[]held{{address: other}, {address: one}, {address: near}}, 0},
		"of the network with most":      {[]held{{address: one}, {address: near}, {address: far}}, 1},
		"an old one in another's form":  {[]held{{address: other}, {address: "[::ffff:192.0.2.1]:1"}, {address: one}}, 1},
		"of the network, by its link":   {[]held{{address: one}, {address: "[fe80::1%eth0]:1"}, {address: "[fe80::2%eth1]:1"}}, 1},
		"what happened long ago":        {[]held{{address: one}, {address: one, idle: true}, {address: one}}, 1},
		"a stranger before who is idle": {[]held{{address: one, known: true}, {address: one, known: true}, {address: other}}, 2},
		"a stranger, though few":        {[]held{{address: one, known: true, busy: true}, {address: one, known: true}, {address: other}}, 2},
		"who is idle":                   {[]held{{address: one, known: true, busy: true}, {address: one, known: true}, {address: other, known: true}}, 1},
		"who is idle, with most":        {[]held{{address: other, known: true}, {address: one, known: true}, {address: one, known: true}}, 1},
		"of the idle alone":             {[]held{{address: one, known: true, busy: true}, {address: other, known: true}, {address: one, known: true}}, 1},
		"nobody":                        {[]held{{address: one, known: true, busy: true}, {address: other, known: true, busy: true}}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlaces(len(tt.held))
			now := time.Now().Add(-time.Hour)
			var conns []*heldConn
			for i, h := range tt.held {
				c, _ := p.comes(h.address)
				c.known, c.busy, c.until = h.known, h.busy, now.Add(time.Duration(i))
				if h.idle {
					c.until = now.Add(-time.Hour)
				}
				conns = append(conns, c)
			}
			taken, victim := p.comes(one)
			require.Equal(t, tt.victim >= 0, taken != nil)
			require.Equal(t, len(tt.held), p.number())
			for i, c := range conns {
				require.Equal(t, i == tt.victim, c == victim, "%d", i)
			}
		})
	}
}

// Who comes waits for a stranger's time, or for a place.
func TestPlaces_Grace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const address = "192.0.2.1:1"
		p := newPlaces(2)
		first, _ := p.comes(address)
		time.Sleep(p.grace / 2)
		second, _ := p.comes(address)
		began := time.Now()
		third, victim := p.comes(address)
		require.Same(t, first, victim)
		require.Equal(t, p.grace/2, time.Since(began))

		time.Sleep(p.grace / 5)
		second.turn(true) // its head is complete
		began = time.Now()
		fourth, victim := p.comes(address)
		require.Same(t, third, victim)
		require.Equal(t, p.grace*4/5, time.Since(began))

		second.turn(false) // it has been answered
		began = time.Now()
		fifth, victim := p.comes(address)
		require.Same(t, second, victim)
		require.Zero(t, time.Since(began))

		time.AfterFunc(p.grace/4, func() { _ = fifth.Close() })
		_, victim = p.comes(address)
		require.Nil(t, victim)
		require.Equal(t, p.grace/4, time.Since(began))
		require.True(t, fourth.keep())
	})
}

// What comes on a connection that has made room is not done: nobody would know.
func TestPlaces_NothingIsDoneForWhoHasGone(t *testing.T) {
	n := newNode(t, settings{admin: Options{APIKey: "key"}})
	p := newPlaces(1)
	gone, _ := p.comes("192.0.2.1:1")
	for _, done := range []bool{true, false} {
		called := false
		next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })
		request := httptest.NewRequest(http.MethodPost, "/api/broadcast", nil)
		request.Header.Set("X-API-Key", "key")
		context := n.admin.listener.inContext(t.Context(), gone)
		n.admin.guarded(ScopePublish, next).ServeHTTP(httptest.NewRecorder(), request.WithContext(context))
		require.Equal(t, done, called)
		gone.turn(false)
		_, victim := p.comes("192.0.2.1:1")
		require.Equal(t, done, victim == gone)
	}
	require.NoError(t, gone.Close())
	require.Equal(t, 1, p.number(), "its place is another's")
}
