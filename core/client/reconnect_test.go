package client_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// record has a route, log.add, whose requests it writes down, with the rooms in
// which their sender was.
func record(lines chan string) func(*core.Server) {
	return func(s *core.Server) {
		s.Handle("log", "add", func(c *core.Context) (any, error) {
			var line string
			err := c.Bind(&line)
			lines <- line + " " + strings.Join(c.Rooms(), ",")
			return nil, err
		})
	}
}

func TestReconnect_RestartedServerHasItBackInItsRoomsAndGetsTheQueueInOrder(t *testing.T) {
	lines := make(chan string, 1024)
	s := start(t, core.Options{}, record(lines))
	j := newJournal()
	events := j.events()
	events.Message = nil
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"one", "two"}, Events: events},
		func(c *client.Client) {
			c.Handle("chat", "message", func(e client.Envelope) { j <- "message " + string(e.Data) })
		})
	require.NoError(t, c.Join(patient(t), "three"))
	require.NoError(t, c.Leave(patient(t), "two"))
	require.NoError(t, c.Send(patient(t), "log", "add", "before"))
	require.Equal(t, "before one,three", get(t, lines, "the line"))
	s.publish(t, "three", "message", "1")
	first := c.ID()

	s.stop()
	j.expect(t, "connecting 1", "connected", "message 1", "disconnected 1012 draining", "reconnecting 1")
	require.Empty(t, c.ID())
	for i := range 100 {
		require.NoError(t, c.Send(patient(t), "log", "add", strconv.Itoa(i)))
	}
	require.Equal(t, client.StatusReconnecting, c.Status())
	require.Equal(t, 100, c.Stats().Queued)

	s = s.again(t, core.Options{}, record(lines))
	require.NoError(t, c.Connect(patient(t)), "Connect waits for the next connection")
	for i := range 100 {
		require.Equal(t, fmt.Sprint(i, " one,three"), get(t, lines, "the line"))
	}
	j.until(t, "connected")
	s.publish(t, "one", "message", "2")
	j.expect(t, "message 2")
	require.NotEqual(t, first, c.ID())
	require.Equal(t, []string{"one", "three"}, c.Rooms())
	require.EqualValues(t, 2, c.Stats().Connects)
	require.Zero(t, c.Stats().Unsent)
}

func TestReconnect_WithoutACloseFrame(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	closings := make(chan client.Closing, 8)
	c := connect(t, client.Options{
		URL: r.url(), Rooms: []string{"general"},
		Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
	})
	for range 3 {
		r.cut()
		closing := get(t, closings, "the end")
		require.EqualValues(t, 1006, closing.Code)
		require.Error(t, closing.Err)
		require.ErrorIs(t, closing, closing.Err)
		require.ErrorContains(t, closing, "the connection ended with 1006: ")
		require.NoError(t, c.Connect(patient(t)))
	}
}

func TestReconnect_SilentServerIsNoticed(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	closings := make(chan client.Closing, 8)
	c := connect(t, client.Options{
		URL: r.url(), PingInterval: 20 * time.Millisecond, PingTimeout: 200 * time.Millisecond,
		Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
	})
	r.gate.Lock()
	closing := get(t, closings, "the end")
	r.gate.Unlock()
	require.EqualError(t, closing, "the connection ended with 1006: the server did not answer a ping in time")
	require.NoError(t, c.Connect(patient(t)))
}

func TestReconnect_AnsweredPingsKeepTheConnection(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url, PingInterval: time.Millisecond})
	conn := get(t, f.opened, "the connection")
	require.NoError(t, conn.WritePing([]byte("echo this")))
	require.Equal(t, "echo this", get(t, f.pongs, "the pong"))
	for range 5 { // while the client waits it has pinged, and got pongs
		require.ErrorIs(t, c.Request(short(t, 10*time.Millisecond), "no", "answer", nil, nil), context.DeadlineExceeded)
	}
	require.EqualValues(t, 1, c.Stats().Connects)
	require.Equal(t, client.StatusConnected, c.Status())
}

func short(t testing.TB, in time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), in)
	t.Cleanup(cancel)
	return ctx
}

func TestReconnect_HeartbeatIsAnsweredAndNoMessage(t *testing.T) {
	f := pretend(t)
	j := newJournal()
	connect(t, client.Options{URL: f.url, Events: j.events()})
	conn := get(t, f.opened, "the connection")
	require.NoError(t, conn.WriteString(`{"type":"system","action":"ping"}`))
	require.JSONEq(t, `{"type":"system","action":"pong"}`, get(t, f.messages, "the pong"))
	require.NoError(t, conn.WriteString(`{"type":"after","action":"it"}`))
	j.expect(t, "connecting 1", "connected", "message after.it ")
}

func TestReconnect_AsksForATokenEachTime(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	var asked atomic.Int32
	c := connect(t, client.Options{URL: r.url(), Token: func(context.Context) (string, error) {
		asked.Add(1)
		return "", nil
	}})
	r.cut()
	eventually(t, func() bool { return c.Stats().Connects == 2 }, "it does not come back")
	require.EqualValues(t, 2, asked.Load())
}

func TestReconnect_GivesUpWhenTheServerStaysAway(t *testing.T) {
	s := start(t, core.Options{})
	j := newJournal()
	c := connect(t, client.Options{URL: s.url(), MaxAttempts: 2, Events: j.events()})
	s.stop()
	j.expect(t, "connecting 1", "connected", "disconnected 1012 draining",
		"reconnecting 1", "connecting 1", "reconnecting 2", "connecting 2", "failed")
	require.ErrorContains(t, c.Err(), "gave up connecting after 2 attempts")
}

func TestReconnect_WaitsAsLongAsTheServerAsks(t *testing.T) {
	address := answer(t, "HTTP/1.1 503 Later\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
	waits := make(chan time.Duration, 8)
	c := newClient(t, client.Options{
		URL: address, MinBackoff: time.Millisecond, MaxBackoff: time.Minute,
		Events: client.Events{Reconnecting: func(_ int, in time.Duration) { waits <- in }},
	})
	go func() { _ = c.Connect(patient(t)) }()
	require.GreaterOrEqual(t, get(t, waits, "the wait"), 3*time.Second)
}

func TestReconnect_BackoffBeginsAnewAfterALastingConnection(t *testing.T) {
	s := start(t, core.Options{})
	for name, row := range map[string]struct {
		most  time.Duration
		reset bool
	}{
		"short-lived": {time.Hour, false},
		"lasting":     {50 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := between(t, s.Addr().String())
			waits := make(chan time.Duration, 64)
			c := connect(t, client.Options{
				URL: r.url(), MinBackoff: time.Millisecond, MaxBackoff: row.most,
				Events: client.Events{Reconnecting: func(_ int, in time.Duration) { waits <- in }},
			})
			longest := time.Duration(0)
			for range 8 {
				require.NoError(t, c.Connect(patient(t)))
				if row.reset {
					time.Sleep(row.most) // it may last longer
				}
				r.cut()
				longest = max(longest, get(t, waits, "the wait"))
			}
			require.Equal(t, row.reset, longest <= time.Millisecond, "the longest wait was %s", longest)
		})
	}
}
