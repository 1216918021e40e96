package client_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func TestFault_BadFramesEndTheConnectionOnly(t *testing.T) {
	for name, row := range map[string]struct{ frame, want string }{
		"negative length": {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "1002: the server sent a bad frame"},
		"too large":       {"\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x01", "1009: "},
		"masked":          {"\x81\x81abcdx", "1002: "},
		"reserved bits":   {"\xf1\x01x", "1002: "},
		"half a frame":    {"\x81", "1006: "},
		"bad UTF-8":       {"\x81\x01\xff", "1006: gws: invalid text encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			f := pretend(t)
			closings := make(chan client.Closing, 8)
			c := connect(t, client.Options{
				URL:    f.url,
				Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
			})
			conn := get(t, f.opened, "the connection").NetConn()
			_, err := conn.Write([]byte(row.frame))
			require.NoError(t, err)
			if name == "half a frame" {
				require.NoError(t, conn.Close())
			}
			closing := get(t, closings, "the end")
			require.ErrorContains(t, closing, row.want)
			get(t, f.opened, "the next connection")
			require.NoError(t, c.Connect(patient(t)))
		})
	}
}

func TestFault_MessagesThatAreNoEnvelopesAreCounted(t *testing.T) {
	f := pretend(t)
	j := newJournal()
	c := connect(t, client.Options{URL: f.url, Events: j.events()})
	conn := get(t, f.opened, "the connection")
	bad := []string{"", "not JSON", "null", "[]", "7", `{"action":"message"}`, `{"type":1}`, `{"type":"a"} ` + "{}"}
	for _, text := range bad {
		require.NoError(t, conn.WriteString(text))
	}
	require.NoError(t, conn.WriteMessage(2, []byte(`{"type":"after","action":"it"}`)))
	j.expect(t, "connecting 1", "connected", "message after.it ")
	require.EqualValues(t, len(bad), c.Stats().BadMessages)
	require.EqualValues(t, len(bad)+1, c.Stats().Received)
}

func TestFault_LargestMessage(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url, MaxMessage: 1000})
	conn := get(t, f.opened, "the connection")
	for _, size := range []int{1000, 1001} {
		require.NoError(t, conn.WriteString(strings.Repeat(" ", size)))
	}
	eventually(t, func() bool { return c.Stats().Connects == 2 }, "the second does not end the connection")
	require.EqualValues(t, 1, c.Stats().Received)
}

func TestFault_CloseCodeIsHeardThoughWritingFails(t *testing.T) {
	f := pretend(t)
	closings := make(chan client.Closing, 8)
	release := make(chan struct{})
	c := connect(t, client.Options{
		URL: f.url, MaxBacklog: 300,
		Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
	}, func(c *client.Client) {
		c.Handle("chat", "message", func(client.Envelope) { <-release })
	})
	conn := get(t, f.opened, "the connection")
	padding := strings.Repeat(" ", 8<<10) // more than is read ahead
	for range 5 {                         // one is handled, one waits, the reader is held up
		require.NoError(t, conn.WriteString(`{"type":"chat","action":"message"}`+padding))
	}
	require.NoError(t, conn.WriteClose(1008, []byte("disconnected")))
	var err error
	for err == nil { // until the server's reset has arrived
		err = c.Send(patient(t), "chat", "send", nil)
	}
	require.ErrorIs(t, err, client.ErrQueueFull)
	close(release)
	require.Equal(t, client.Closing{Code: 1008, Reason: "disconnected"}, get(t, closings, "the end"))
	get(t, c.Done(), "the client to accept it")
	require.GreaterOrEqual(t, c.Stats().Unsent, uint64(256))
}

func TestFault_StalledWriteEndsTheConnection(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	closings := make(chan client.Closing, 8)
	c := connect(t, client.Options{
		URL: r.url(), PingInterval: -1, PingTimeout: 50 * time.Millisecond, MaxQueue: 8,
		Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
	})
	r.gate.Lock()
	text := strings.Repeat("x", 60<<10)
	var err error
	for err == nil {
		err = c.Send(patient(t), "chat", "send", text)
	}
	require.ErrorIs(t, err, client.ErrQueueFull)
	require.ErrorContains(t, get(t, closings, "the end"), "i/o timeout")
	r.gate.Unlock()
	require.NoError(t, c.Connect(patient(t)))
	eventually(t, func() bool { return c.Stats().Queued == 0 }, "the rest is not sent")
}

func TestFault_EndOfStreamReleasesAStalledWrite(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	closings := make(chan client.Closing, 8)
	c := connect(t, client.Options{
		URL: r.url(), PingTimeout: time.Hour,
		Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
	})
	r.gate.Lock()
	defer r.gate.Unlock()
	fill(t, c)
	r.mu.Lock()
	near := r.conns[0].(*net.TCPConn)
	r.mu.Unlock()
	require.NoError(t, near.CloseWrite())
	require.ErrorIs(t, get(t, closings, "the end"), io.EOF)
}
