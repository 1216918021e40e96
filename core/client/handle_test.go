package client_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// chat is a controller.
type chat struct{ lines chan string }

func (c *chat) Message(e client.Envelope)    { c.lines <- "Message " + string(e.Data) }
func (c *chat) UserTyping(e client.Envelope) { c.lines <- "UserTyping " + string(e.Data) }

func TestHandle_RoutesMessages(t *testing.T) {
	s := start(t, core.Options{}, answers)
	lines := make(chan string, 64)
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}}, func(c *client.Client) {
		c.Controller("chat", &chat{lines})
		c.Handle("chat", "", func(e client.Envelope) { lines <- "any " + e.Action })
		c.Handle("test", "*", func(e client.Envelope) { lines <- "reply " + e.Action + " " + string(e.Response) })
		c.Handle("error", "message", func(e client.Envelope) { lines <- "error " + string(e.Data) })
	})
	s.publish(t, "general", "message", "1")
	s.publish(t, "general", "userTyping", "2")
	s.publish(t, "general", "Message", "3")
	require.Equal(t, "Message 1", get(t, lines, "a message"))
	require.Equal(t, "UserTyping 2", get(t, lines, "a message"))
	require.Equal(t, "any Message", get(t, lines, "a message"))

	require.NoError(t, c.Send(patient(t), "test", "add", []int{1, 2}))
	require.Equal(t, "reply add 3", get(t, lines, "what Send is answered"))
	require.NoError(t, c.Send(patient(t), "test", "refuse", nil))
	require.Equal(t, `error {"error":"Not you","code":"NOT_YOU"}`, get(t, lines, "what Send is answered"))

	before := c.Stats().Unhandled
	require.NoError(t, c.Send(patient(t), "nobody", "home", nil))
	eventually(t, func() bool { return c.Stats().Unhandled == before+1 }, "an unhandled message is not counted")

	c.Handle("nobody", "home", func(e client.Envelope) { lines <- "late " + string(e.Response) })
	require.NoError(t, c.Send(patient(t), "nobody", "home", nil))
	require.Contains(t, get(t, lines, "what a handler gets that was added later"), "late")
}

func TestHandle_EventComesBeforeTheHandler(t *testing.T) {
	s := start(t, core.Options{})
	lines := make(chan string, 64)
	connect(t, client.Options{
		URL: s.url(), Rooms: []string{"general"},
		Events: client.Events{Message: func(e client.Envelope) { lines <- "event " + string(e.Data) }},
	}, func(c *client.Client) {
		c.Handle("chat", "message", func(e client.Envelope) { lines <- "handler " + string(e.Data) })
	})
	s.publish(t, "general", "message", "1")
	s.publish(t, "general", "message", "2")
	for _, want := range []string{"event 1", "handler 1", "event 2", "handler 2"} {
		require.Equal(t, want, get(t, lines, want))
	}
}

func TestHandle_APanicConcernsNothingElse(t *testing.T) {
	s := start(t, core.Options{})
	lines := make(chan string, 64)
	c := connect(t, client.Options{
		URL: s.url(), Rooms: []string{"general"},
		Events: client.Events{Connected: func(client.Welcome) { panic("at once") }},
	}, func(c *client.Client) {
		c.Handle("chat", "message", func(e client.Envelope) {
			if string(e.Data) == "1" {
				panic("one is bad")
			}
			lines <- string(e.Data)
		})
	})
	s.publish(t, "general", "message", "1")
	s.publish(t, "general", "message", "2")
	require.Equal(t, "2", get(t, lines, "the message after the panic"))
	require.EqualValues(t, 2, c.Stats().Panics)
	require.Equal(t, client.StatusConnected, c.Status())
}

type halfRight struct{ chat }

func (*halfRight) Helper() int { return 1 }

func TestHandle_MistakesAreErrorsOfConnect(t *testing.T) {
	nothing := func(client.Envelope) {}
	for want, prepare := range map[string]func(*client.Client){
		"route chat.message is taken":           func(c *client.Client) { c.Handle("chat", "message", nothing); c.Controller("chat", &chat{}) },
		"route chat.* is taken":                 func(c *client.Client) { c.Handle("chat", "", nothing); c.Handle("chat", "*", nothing) },
		"route chat.message has no handler":     func(c *client.Client) { c.Handle("chat", "message", nil) },
		`a route for action "message" needs a`:  func(c *client.Client) { c.Handle("", "message", nothing) },
		"client_test.chat has no exported meth": func(c *client.Client) { c.Controller("chat", chat{}) },
		"controller chat: <nil> has no":         func(c *client.Client) { c.Controller("chat", nil) },
		"method Helper is func() int, not func": func(c *client.Client) { c.Controller("chat", &halfRight{}) },
	} {
		c := newClient(t, client.Options{URL: "ws://localhost/ws"}, prepare)
		require.ErrorContains(t, c.Connect(patient(t)), want)
		require.Equal(t, client.StatusNew, c.Status())
	}
}

func TestHandle_MistakesMadeLaterAreLogged(t *testing.T) {
	s := start(t, core.Options{})
	var log buffer
	c := connect(t, client.Options{URL: s.url(), Log: log.logger()})
	c.Handle("chat", "message", nil)
	require.Contains(t, log.String(), "route chat.message has no handler")
}

func TestEnvelope_Bind(t *testing.T) {
	var n int
	for want, e := range map[string]client.Envelope{
		"message a.b has no data":                        {Type: "a", Action: "b"},
		"message a.b has another form than expected: js": {Type: "a", Action: "b", Data: []byte(`"1"`)},
	} {
		require.ErrorContains(t, e.Bind(&n), want)
	}
	for _, e := range []client.Envelope{{Data: []byte(`1`)}, {Response: []byte(`1`)}, {Data: []byte(`1`), Response: []byte(`2`)}} {
		require.NoError(t, e.Bind(&n))
		require.Equal(t, 1, n)
	}
}

func TestHandle_SlowHandlerLosesNothing(t *testing.T) {
	const messages = 320
	s := start(t, core.Options{MaxBacklog: 256 << 20})
	release := make(chan struct{})
	got := make(chan string, messages)
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}, MaxBacklog: 200 << 10},
		func(c *client.Client) {
			c.Handle("chat", "message", func(e client.Envelope) {
				<-release
				got <- string(e.Data[:6])
			})
		})
	padding := strings.Repeat(" ", 64<<10)
	for i := range messages { // 20 MiB, more than the sockets hold
		s.publish(t, "general", "message", strconv.Itoa(100000+i)+padding)
	}
	eventually(t, func() bool { return s.Stats().Blocked == 1 && c.Stats().Received >= 3 }, "the socket does not fill")
	require.Less(t, c.Stats().Received, uint64(messages), "the socket is held up")
	require.LessOrEqual(t, c.Stats().Backlog, 200<<10)
	close(release)
	for i := range messages {
		require.Equal(t, strconv.Itoa(100000+i), get(t, got, "a message"))
	}
	require.EqualValues(t, 1, c.Stats().Connects)
}

// flooded connects a client to a fake, whose handler of chat.message makes a
// request, and returns what the request ends with.
func flooded(t *testing.T, messages int) (*client.Client, chan error) {
	f := pretend(t)
	ended := make(chan error, messages)
	first := true
	var c *client.Client
	c = newClient(t, client.Options{URL: f.url, MaxBacklog: 3000, RequestTimeout: -1}, func(made *client.Client) {
		made.Handle("chat", "message", func(e client.Envelope) {
			if first {
				first = false
				ended <- c.Request(patient(t), "test", "it", nil, nil)
			}
			ended <- nil
		})
	})
	require.NoError(t, c.Connect(patient(t)))
	conn := get(t, f.opened, "the connection")
	require.NoError(t, conn.WriteString(`{"type":"chat","action":"message"}`))
	request := get(t, f.messages, "the request")
	for range messages - 1 {
		require.NoError(t, conn.WriteString(`{"type":"chat","action":"message"}`))
	}
	require.NoError(t, conn.WriteString(replyTo(t, request, `1`)))
	return c, ended
}

func TestHandle_RequestInAHandlerIsAnsweredPastMessagesThatWait(t *testing.T) {
	const messages = 30 // more than MaxBacklog admits, less than four times that
	c, ended := flooded(t, messages)
	for range messages + 1 {
		require.NoError(t, get(t, ended, "the request and each message"))
	}
	require.Zero(t, c.Stats().BacklogFull)
}

func TestHandle_RequestInAHandlerEndsWhenTooManyMessagesWait(t *testing.T) {
	const messages = 300
	c, ended := flooded(t, messages)
	require.ErrorIs(t, get(t, ended, "the request"), client.ErrBacklogFull)
	for range messages {
		require.NoError(t, get(t, ended, "each message"))
	}
	require.EqualValues(t, 1, c.Stats().BacklogFull)
	eventually(t, func() bool { return c.Stats().LateReplies == 1 }, "the reply is not counted")
}

func TestHandle_RequestInAHandlerReleasesAReaderThatIsHeldUp(t *testing.T) {
	const messages, held = 20, 12 // one is handled, ten wait, one is held up
	f := pretend(t)
	replied := make(chan error, 1)
	first := true
	var c *client.Client
	c = newClient(t, client.Options{URL: f.url, MaxBacklog: 3000, RequestTimeout: -1}, func(made *client.Client) {
		made.Handle("chat", "message", func(client.Envelope) {
			if first {
				first = false
				eventually(t, func() bool { return c.Stats().Received == held }, "the reader is not held up")
				replied <- c.Request(patient(t), "test", "it", nil, nil)
			}
		})
	})
	require.NoError(t, c.Connect(patient(t)))
	conn := get(t, f.opened, "the connection")
	for range messages {
		require.NoError(t, conn.WriteString(`{"type":"chat","action":"message"}`))
	}
	require.NoError(t, conn.WriteString(replyTo(t, get(t, f.messages, "the request"), `1`)))
	require.NoError(t, get(t, replied, "the reply"))
}

func TestHandle_HandlersMayUseTheClient(t *testing.T) {
	s := start(t, core.Options{}, answers)
	done := make(chan error, 1)
	var c *client.Client
	c = newClient(t, client.Options{URL: s.url(), Rooms: []string{"general"}}, func(made *client.Client) {
		made.Handle("chat", "message", func(client.Envelope) {
			var sum int
			err := c.Request(patient(t), "test", "add", []int{1, 2}, &sum)
			if err == nil && sum != 3 {
				err = fmt.Errorf("the sum is %d", sum)
			}
			if err == nil {
				err = c.Join(patient(t), "other")
			}
			if err == nil {
				err = c.Send(patient(t), "system", "pong", nil)
			}
			if err == nil {
				err = c.Leave(patient(t), "general")
			}
			done <- err
		})
	})
	require.NoError(t, c.Connect(patient(t)))
	s.publish(t, "general", "message", "1")
	require.NoError(t, get(t, done, "the handler"))
	require.Equal(t, []string{"other"}, c.Rooms())
}

// reentrant is a log that uses the client.
type reentrant struct {
	slog.Handler
	client atomic.Pointer[client.Client]
	lines  atomic.Int32
}

func (r *reentrant) Handle(context.Context, slog.Record) error {
	if c := r.client.Load(); c != nil {
		c.ID()
		_ = c.Send(context.Background(), "log", "add", nil)
		r.lines.Add(1)
	}
	return nil
}

func TestHandle_LogsMayUseTheClient(t *testing.T) {
	f := pretend(t)
	log := &reentrant{Handler: slog.NewTextHandler(io.Discard, nil)}
	c := newClient(t, client.Options{URL: f.url, Rooms: []string{"general"}, Log: slog.New(log)})
	log.client.Store(c)
	done := make(chan error, 1)
	go func() { done <- c.Connect(patient(t)) }()
	conn := get(t, f.opened, "the connection")
	require.NoError(t, conn.WriteString(replyTo(t, get(t, f.messages, "the join"), `{"success":true,"degraded":true}`)))
	require.NoError(t, get(t, done, "Connect"))
	c.Handle("", "", nil)
	require.NoError(t, conn.WriteClose(1008, []byte("disconnected")))
	get(t, c.Done(), "the end")
	eventually(t, func() bool { return log.lines.Load() >= 5 }, "degraded, connected, handler, disconnected, gave up")
}
