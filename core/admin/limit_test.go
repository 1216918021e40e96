package admin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// tcp opens a connection to the admin listener.
func (n *node) tcp() net.Conn {
	n.t.Helper()
	conn, err := net.Dial("tcp", n.admin.Addr().String())
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(n.t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// alive asks for /health and keeps the connection open.
func alive(conn net.Conn) bool {
	if _, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}

// silent makes sure that the connection ends without a byte.
func silent(t *testing.T, conn net.Conn) {
	t.Helper()
	n, err := conn.Read(make([]byte, 1))
	require.Zero(t, n)
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it was left open")
}

// begun opens a connection with a request that carries the key, and waits for its body.
func (n *node) begun() net.Conn {
	n.t.Helper()
	conn := n.tcp()
	_, err := io.WriteString(conn, "POST /api/broadcast HTTP/1.1\r\nHost: localhost\r\nX-API-Key: key\r\n"+
		"Content-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(hello))+"\r\n\r\n"+hello[:1])
	require.NoError(n.t, err)
	return conn
}

// end sends the rest of a request that has begun, and makes sure that it is answered.
func (n *node) end(conn net.Conn) {
	n.t.Helper()
	_, err := io.WriteString(conn, hello[1:])
	require.NoError(n.t, err)
	readAnswer(n.t, conn).reaches(0)
}

// busy is how many connections have a request under way that was let in.
func (p *places) busy() (count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.held {
		if c.busy {
			count++
		}
	}
	return count
}

// fill has requests under way on all connections that there can be.
func (n *node) fill() (conns []net.Conn) {
	n.t.Helper()
	for range core.AdminDescriptors {
		conns = append(conns, n.begun())
	}
	require.Eventually(n.t, func() bool { return n.admin.listener.places.busy() == len(conns) }, patience, tick)
	return conns
}

func TestLimit_Connections(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	conns := n.fill()
	silent(t, n.tcp())
	silent(t, n.tcp())
	for range 3 { // places come back, one for each
		require.NoError(t, conns[0].Close())
		require.NoError(t, n.untilAlive().Close())
		conns = append(conns[1:], n.begun())
		require.Eventually(t, func() bool { return n.admin.listener.places.busy() == len(conns) }, patience, tick)
		silent(t, n.tcp())
	}
	for _, conn := range conns {
		n.end(conn)
	}
	n.untilAlive()
	require.GreaterOrEqual(t, n.admin.figures().adminRefused["max_connections"], uint64(5))
}

// Connections whose requests were let in and have been answered make room, too.
func TestLimit_IdleConnectionsMakeRoom(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	conns := n.fill()
	for k := range 2 { // the answer is there before its connection is idle
		n.end(conns[1-k])
		require.Eventually(t, func() bool { return n.admin.listener.places.busy() == len(conns)-1-k }, patience, tick)
	}
	require.True(t, alive(n.tcp()))
	silent(t, conns[1]) // it has been idle for longer
	for _, conn := range conns[2:] {
		n.end(conn)
	}
	require.True(t, alive(conns[0]))
	require.Equal(t, map[string]uint64{"body_too_large": 0, "evicted": 1, "max_connections": 0}, n.admin.figures().adminRefused)
}

// untilAlive returns a new connection that is served, when there is a place.
func (n *node) untilAlive() (conn net.Conn) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		var err error
		if conn, err = net.Dial("tcp", n.admin.Addr().String()); err != nil {
			return false
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		if !alive(conn) {
			_ = conn.Close()
			return false
		}
		return true
	}, patience, tick)
	n.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestLimit_ClosingTwiceGivesOnePlaceBack(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	limited := newLimitListener(listener, 2)
	var open []net.Conn
	for range 2 {
		peer, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer peer.Close()
		conn, err := limited.Accept()
		require.NoError(t, err)
		defer conn.Close()
		open = append(open, conn)
	}
	require.Equal(t, 2, limited.places.number())
	require.NoError(t, open[0].Close())
	require.Error(t, open[0].Close())
	require.Equal(t, 1, limited.places.number())
	require.NoError(t, limited.Close())
	_, err = limited.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

// However many are refused, who comes when there is a place again is served.
func TestLimit_ManyRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	const refused = 3 * handlersPerPlace
	limited := newLimitListener(listener, 1)
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		return conn
	}
	dial()
	busy, err := limited.Accept()
	require.NoError(t, err)
	require.True(t, busy.(*heldConn).keep())
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := limited.Accept()
		accepted <- conn
	}()
	for range refused {
		silent(t, dial())
	}
	require.EqualValues(t, refused, limited.refused.Load())
	require.NoError(t, busy.Close())
	dial()
	conn := <-accepted
	require.NotNil(t, conn)
	require.NoError(t, conn.Close())
	require.NoError(t, limited.Close())
}

// readAnswer reads a response from a connection.
func readAnswer(t testing.TB, conn net.Conn) *answer {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return &answer{t, response.StatusCode, response.Header, string(content)}
}
