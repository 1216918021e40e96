package client_test

import (
	"context"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func TestClose_SendsTheQueueAndAgreesWithTheServer(t *testing.T) {
	lines := make(chan string, 1024)
	departures := make(chan core.Departure, 1)
	s := start(t, core.Options{Hooks: core.Hooks{Disconnected: func(d core.Departure) { departures <- d }}}, record(lines))
	j := newJournal()
	events := j.events()
	events.Message = nil
	c := connect(t, client.Options{URL: s.url(), Events: events})
	for i := range 200 {
		require.NoError(t, c.Send(patient(t), "log", "add", strconv.Itoa(i)))
	}
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	for i := range 200 {
		require.Equal(t, strconv.Itoa(i)+" ", get(t, lines, "the line"))
	}
	require.Equal(t, core.ReasonPeerClosed, get(t, departures, "the departure").Reason)
	j.expect(t, "connecting 1", "connected", "disconnected 1000 ")
	require.Empty(t, j)

	require.Equal(t, client.StatusClosed, c.Status())
	require.Equal(t, client.ErrClosed, c.Err())
	require.Empty(t, c.ID())
	get(t, c.Done(), "the end of its goroutines")
	require.ErrorIs(t, c.Send(patient(t), "chat", "send", nil), client.ErrClosed)
	require.ErrorIs(t, c.Request(patient(t), "chat", "send", nil, nil), client.ErrClosed)
	require.ErrorIs(t, c.Join(patient(t), "general"), client.ErrClosed)
	require.ErrorIs(t, c.Connect(patient(t)), client.ErrClosed)
}

func TestClose_BeforeConnect(t *testing.T) {
	c := newClient(t, client.Options{URL: "ws://localhost/ws"})
	failed := make(chan error, 1)
	go func() { failed <- c.Request(patient(t), "chat", "send", nil, nil) }()
	eventually(t, func() bool { return c.Stats().Queued == 1 }, "it is not queued")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.ErrorIs(t, get(t, failed, "the request"), client.ErrClosed)
	require.ErrorIs(t, c.Connect(patient(t)), client.ErrClosed)
}

func TestClose_WhileItConnects(t *testing.T) {
	hang := func(ctx context.Context) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}
	for name, options := range map[string]client.Options{
		"waiting for the next attempt": {URL: "ws://" + unused(t) + "/ws", MinBackoff: time.Hour, MaxBackoff: time.Hour},
		"asking for a token":           {URL: "ws://" + unused(t) + "/ws", Token: hang},
		"upgrading":                    {URL: answer(t, ""), HandshakeTimeout: time.Hour},
		"joining":                      {URL: pretend(t).url, Rooms: []string{"general"}, HandshakeTimeout: time.Hour},
		"being greeted":                {URL: pretend(t).url, Token: client.StaticToken("token"), HandshakeTimeout: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJournal()
			options.Events = j.events()
			options.CloseTimeout = time.Hour
			dialed := make(chan struct{}, 64)
			options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				dialed <- struct{}{}
				return conn, err
			}
			c := newClient(t, options)
			ended := make(chan error, 1)
			go func() { ended <- c.Connect(patient(t)) }()
			j.expect(t, "connecting 1")
			if name == "waiting for the next attempt" {
				j.expect(t, "reconnecting 2")
			}
			if name != "asking for a token" {
				get(t, dialed, "the connection")
			}
			if options.Rooms != nil {
				eventually(t, func() bool { return c.Stats().Waiting == 1 }, "it does not join")
			}
			require.NoError(t, c.Close())
			require.ErrorIs(t, get(t, ended, "Connect"), client.ErrClosed)
			require.Zero(t, c.Stats().Connects)
			require.Zero(t, c.Stats().Waiting)
		})
	}
}

func TestClose_WhileItReconnects(t *testing.T) {
	s := start(t, core.Options{})
	j := newJournal()
	c := connect(t, client.Options{URL: s.url(), MinBackoff: time.Hour, MaxBackoff: time.Hour, Events: j.events()})
	s.stop()
	j.until(t, "reconnecting 1")
	require.NoError(t, c.Send(patient(t), "chat", "send", nil))
	failed := make(chan error, 1)
	go func() { failed <- c.Request(patient(t), "chat", "send", nil, nil) }()
	eventually(t, func() bool { return c.Stats().Queued == 2 }, "it is not queued")
	require.EqualError(t, c.Close(), "messages were not sent: 1")
	require.ErrorIs(t, c.Close(), client.ErrUnsent)
	require.ErrorIs(t, get(t, failed, "the request"), client.ErrClosed)
	require.Empty(t, j)
}

func TestClose_EndsARequestThatWaits(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url})
	failed := make(chan error, 1)
	go func() { failed <- c.Request(patient(t), "chat", "send", nil, nil) }()
	get(t, f.messages, "the request")
	require.NoError(t, c.Close())
	require.ErrorIs(t, get(t, failed, "the request"), client.ErrClosed)
}

func TestClose_WaitsForTheHandlerAndDiscardsTheRest(t *testing.T) {
	s := start(t, core.Options{})
	running, release := make(chan struct{}), make(chan struct{})
	handled := 0
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}}, func(c *client.Client) {
		c.Handle("chat", "message", func(client.Envelope) {
			handled++
			close(running)
			<-release
		})
	})
	for range 10 {
		s.publish(t, "general", "message", "1")
	}
	get(t, running, "the handler")
	eventually(t, func() bool { return c.Stats().Received == 11 }, "messages are missing")
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	eventually(t, func() bool { return c.Stats().Discarded == 9 }, "messages are not discarded")
	require.Empty(t, closed)
	close(release)
	require.NoError(t, get(t, closed, "Close"))
	require.Equal(t, 1, handled)
}

func TestClose_EndsAHeldUpReader(t *testing.T) {
	s := start(t, core.Options{MaxBacklog: 64 << 20})
	release := make(chan struct{})
	running := make(chan struct{}, 1000)
	handled := 0
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}, MaxBacklog: 1000}, func(c *client.Client) {
		c.Handle("chat", "message", func(client.Envelope) {
			handled++
			running <- struct{}{}
			<-release
		})
	})
	for range 1000 {
		s.publish(t, "general", "message", "1")
	}
	get(t, running, "the handler")
	eventually(t, func() bool { return c.Stats().Backlog > 500 }, "the backlog does not fill")
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	eventually(t, func() bool { return s.Stats().Clients == 0 }, "the close frame waits for the handler")
	close(release)
	require.NoError(t, get(t, closed, "Close"))
	require.Equal(t, 1, handled, "what the reader was held up with is discarded, too")
}

func TestClose_ServerThatDoesNotAnswerIsLeft(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	j := newJournal()
	c := connect(t, client.Options{URL: r.url(), CloseTimeout: 50 * time.Millisecond, PingTimeout: time.Hour, Events: j.events()})
	r.gate.Lock()
	defer r.gate.Unlock()
	require.NoError(t, c.Close())
	j.expect(t, "connecting 1", "connected", "disconnected 1000 ")
}

func TestClose_ServerThatTakesNothingIsLeft(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	c := connect(t, client.Options{URL: r.url(), CloseTimeout: 50 * time.Millisecond, PingTimeout: time.Hour})
	r.gate.Lock()
	defer r.gate.Unlock()
	accepted := fill(t, c)
	require.ErrorIs(t, c.Close(), client.ErrUnsent)
	require.Equal(t, accepted, c.Stats().Sent+c.Stats().Unsent)
}
