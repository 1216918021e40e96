package admin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// siege has more connections than there are places sit on what they have sent, and come
// again when they are closed, until the returned function is called.
func (n *node) siege(sends string) (end func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range core.AdminDescriptors + 6 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					sit(n.admin.Addr().String(), sends, stop)
				}
			}
		})
	}
	return sync.OnceFunc(func() {
		close(stop)
		all.Wait()
	})
}

// sit holds a connection until its peer closes it.
func sit(address, sends string, stop <-chan struct{}) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.WriteString(conn, sends)
		_, _ = io.Copy(io.Discard, conn)
	}()
	select {
	case <-gone:
	case <-stop:
	}
	_ = conn.Close()
	<-gone
}

// Who shows no key shuts out neither probes nor those who have one, whatever comes of
// the request and though all come from one address.
func TestStrangers_ShutOutNobody(t *testing.T) {
	const post = "POST /api/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
	const refused = "GET /api/stats HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, sends := range map[string]string{
		"nothing":                   "",
		"half a head":               "GET /health HTTP/1.1\r\nHost: ",
		"half a head, with a key":   "GET /health HTTP/1.1\r\nX-API-Key: key\r\nHost: ",
		"a body that does not come": post + "1000\r\n\r\n{",
		"a large body":              post + "1000000\r\n\r\n{",
		"a body for an open path":   "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
		"a body for no path":        "GET /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
		"idle keep-alive":           "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"refused keep-alive":        refused,
	} {
		t.Run(name, func(t *testing.T) {
			grace := 20 * usualGrace // tests may run on a busy machine
			if sends == refused {
				grace *= 5 // these make it busy: nothing keeps them from coming again
			} else {
				t.Parallel()
			}
			n := start(t, settings{admin: Options{APIKey: "key"}})
			places := n.admin.listener.places
			places.setGrace(grace)
			stream := n.watch("r", "X-API-Key: key")
			slow := n.begun()
			require.Eventually(t, func() bool { return places.busy() == 2 }, patience, tick)
			end := n.siege(sends)
			defer end()
			require.Eventually(t, func() bool {
				return n.admin.listener.evicted.Load() > 0 || n.admin.refusals[keyRequired].Load() > 2*core.AdminDescriptors
			}, patience, tick)
			n.checks(3)
			n.end(slow)
			n.post("/api/rooms/r/broadcast", numbered(1), "X-API-Key: key").reaches(0)
			event := stream.next()
			for strings.HasPrefix(event, ":") {
				event = stream.next()
			}
			require.Contains(t, event, "message ")
			end()
			require.LessOrEqual(t, places.number(), core.AdminDescriptors)
			require.Zero(t, n.admin.listener.refused.Load())
		})
	}
}

func (p *places) setGrace(grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grace = grace
}

// checks asks for the health, and publishes with the key, on new connections and on one
// that is kept, and waits for each answer.
func (n *node) checks(times int) {
	n.t.Helper()
	kept := n.tcp()
	answers := bufio.NewReader(kept)
	for i := range times {
		n.keyed(kept, answers)
		assert.True(n.t, alive(n.tcp()), "health %d", i)
		n.keyed(n.tcp(), nil)
	}
}

// keyed publishes on a connection.
func (n *node) keyed(conn net.Conn, answers *bufio.Reader) {
	n.t.Helper()
	if answers == nil {
		answers = bufio.NewReader(conn)
	}
	request, err := http.NewRequest(http.MethodPost, "http://localhost/api/broadcast", strings.NewReader(hello))
	require.NoError(n.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-Key", "key")
	require.NoError(n.t, request.Write(conn))
	response, err := http.ReadResponse(answers, request)
	require.NoError(n.t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(n.t, err)
	require.Equal(n.t, http.StatusOK, response.StatusCode)
}

// A request that is turned away is answered without its body, and its connection ends.
func TestStrangers_AreTurnedAway(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	for name, sends := range map[string]string{
		"without a body":            "GET /api/stats HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a body that does not come": "POST /api/publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
	} {
		conn := n.tcp()
		_, err := io.WriteString(conn, sends)
		require.NoError(t, err)
		all, err := io.ReadAll(conn) // readTimeout is longer than patience
		require.NoError(t, err, name)
		require.Contains(t, string(all), "HTTP/1.1 401 ", name)
		require.Contains(t, string(all), "\r\nConnection: close\r\n", name)
		require.Contains(t, string(all), "API_KEY_REQUIRED", name)
	}
}
