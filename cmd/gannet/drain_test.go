package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// publish returns the status of a publish request, 0 when nobody answers.
func (c *command) publish(path, message string) int {
	answer, err := http.Post(c.admin+path, "application/json", strings.NewReader(message))
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// deaf opens a WebSocket that answers no close frame.
func (c *command) deaf(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, reader, line := c.upgrade(t)
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", line)
	skipHead(t, reader)
	return conn, reader
}

// What applications have been told is published goes to other nodes, although the node
// ends and Redis takes its time; by then nobody can publish here any more.
func TestServe_SendsWhatWasPublishedLast(t *testing.T) {
	redis := redistest.Start(t)
	channels := redistest.Listen(t, redis, "gannet:room:{r}")
	c := serveCommandLine(t, nil, "--redis-url="+redis.URL(), "--redis-publish-timeout=10s", "--drain-timeout=1h", "--close-timeout=1h")
	conn, _ := c.deaf(t)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return c.get("/ready") == http.StatusServiceUnavailable }, patience, time.Millisecond)
	redis.Freeze()
	defer redis.Thaw()
	require.Equal(t, http.StatusOK, c.publish("/api/rooms/r/broadcast", `{"type":"t","action":"last"}`))
	require.NoError(t, conn.Close())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	require.Eventually(t, func() bool { return c.get("/ready") == 0 }, patience, time.Millisecond, "the admin listener has ended")
	require.Never(t, func() bool { return len(ended) > 0 }, 500*time.Millisecond, 10*time.Millisecond, "before it has left the bus")
	redis.Thaw()
	require.True(t, strings.HasSuffix(channels.Next()[1], `{"type":"t","action":"last"}`))
	require.NoError(t, <-ended)
}

// Until the last client has gone applications publish here: to those who are left, and
// to other nodes.
func TestServe_PublishesUntilItHasDrained(t *testing.T) {
	c := serveCommandLine(t, nil, "--drain-timeout=1h", "--close-timeout=1h", "--drain-delay=2s")
	conn, reader := c.deaf(t)
	publish := func() int { return c.publish("/api/broadcast", `{"type":"t","action":"a"}`) }
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return c.get("/ready") == http.StatusServiceUnavailable }, patience, time.Millisecond)
	require.Equal(t, http.StatusOK, publish())
	head, err := reader.Peek(2)
	require.NoError(t, err)
	require.Equal(t, []byte{0x81, 25}, head, "it is delivered before the close frame")
	_, err = reader.Discard(2 + 25)
	require.NoError(t, err)
	closing := make([]byte, 12)
	_, err = io.ReadFull(reader, closing)
	require.NoError(t, err)
	require.Equal(t, "\x88\x0a\x03\xf4draining", string(closing))
	require.Equal(t, http.StatusOK, publish())
	require.NoError(t, conn.Close())
	require.NoError(t, c.Wait(), "exit status 0")
	require.Zero(t, publish(), "nobody takes what would not arrive")
}

// A second signal ends the process at once.
func TestServe_SecondSignalEndsAtOnce(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			c := serveCommandLine(t, nil, "--drain-timeout=1h", "--drain-delay=50m")
			c.deaf(t)
			require.NoError(t, c.Process.Signal(signal))
			require.Eventually(t, func() bool { return c.get("/ready") == http.StatusServiceUnavailable }, patience, time.Millisecond)
			ended := make(chan error, 1)
			go func() { ended <- c.Wait() }()
			var exit *exec.ExitError
			require.Eventually(t, func() bool { // the first may still be under way to what it ends
				_ = c.Process.Signal(signal)
				return len(ended) > 0
			}, patience, 10*time.Millisecond)
			require.ErrorAs(t, <-ended, &exit)
			status := exit.Sys().(syscall.WaitStatus)
			require.True(t, status.Signaled())
			require.Equal(t, signal, status.Signal())
		})
	}
}
