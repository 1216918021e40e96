package admin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
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

func TestLimit_Connections(t *testing.T) {
	n := start(t, settings{})
	var conns []net.Conn
	for range core.AdminDescriptors {
		conns = append(conns, n.tcp())
	}
	silent(t, n.tcp())
	silent(t, n.tcp())
	for i, conn := range conns {
		require.True(t, alive(conn), "connection %d", i)
	}
	for range 3 { // places come back, one for each
		require.NoError(t, conns[0].Close())
		conns = append(conns[1:], n.untilAlive())
		silent(t, n.tcp())
	}
	for _, conn := range conns {
		require.NoError(t, conn.Close())
	}
	n.untilAlive()
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
	limited := newLimitListener(listener, 2, new(atomic.Uint64))
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
	require.Len(t, limited.places, 2)
	require.NoError(t, open[0].Close())
	require.Error(t, open[0].Close())
	require.Len(t, limited.places, 1)
	require.NoError(t, limited.Close())
	_, err = limited.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

// readAnswer reads a response from a connection.
func readAnswer(t *testing.T, conn net.Conn) *answer {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return &answer{t, response.StatusCode, response.Header, string(content)}
}
