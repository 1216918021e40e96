package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// replyTo is the reply to a request that a fake got.
func replyTo(t testing.TB, request, response string) string {
	t.Helper()
	var r struct {
		Type, Action string
		ID           json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(request), &r))
	return fmt.Sprintf(`{"type":%q,"action":%q,"response":%s,"id":%s}`, r.Type, r.Action, response, r.ID)
}

// answers has routes with each kind of answer.
func answers(s *core.Server) {
	for action, handler := range map[string]core.Handler{
		"echo": func(c *core.Context) (any, error) {
			var data json.RawMessage
			return data, errors.Join(c.Bind(&data))
		},
		"add": func(c *core.Context) (any, error) {
			var n []int
			err := c.Bind(&n)
			return n[0] + n[1], err
		},
		"nothing": func(*core.Context) (any, error) { return nil, nil },
		"refuse":  func(*core.Context) (any, error) { return nil, &core.Error{Text: "Not you", Code: "NOT_YOU"} },
		"fail":    func(*core.Context) (any, error) { return nil, errors.New("the database is away") },
		"guide": func(*core.Context) (any, error) {
			return map[string]any{"error": "Unauthorized", "code": "FORBIDDEN"}, nil
		},
		"untrue":   func(*core.Context) (any, error) { return map[string]any{"success": false, "error": "No"}, nil },
		"number":   func(*core.Context) (any, error) { return map[string]any{"error": "No", "code": 7}, nil },
		"softly":   func(*core.Context) (any, error) { return map[string]any{"success": false, "left": 3}, nil },
		"warn":     func(*core.Context) (any, error) { return map[string]any{"success": true, "error": "Nearly full"}, nil },
		"harmless": func(*core.Context) (any, error) { return map[string]any{"error": nil, "errors": 0}, nil },
	} {
		s.Handle("test", action, handler)
	}
}

func TestRequest_Replies(t *testing.T) {
	s := start(t, core.Options{}, answers)
	c := connect(t, client.Options{URL: s.url()})
	for action, want := range map[string]string{
		"nothing": "", "softly": `{"left":3,"success":false}`,
		"warn": `{"error":"Nearly full","success":true}`, "harmless": `{"error":null,"errors":0}`,
	} {
		var response json.RawMessage
		require.NoError(t, c.Request(patient(t), "test", action, nil, &response), action)
		if want != "" {
			require.JSONEq(t, want, string(response), action)
		} else {
			require.Nil(t, response, action)
		}
	}
	var sum int
	require.NoError(t, c.Request(patient(t), "test", "add", []int{19, 23}, &sum))
	require.Equal(t, 42, sum)
	require.NoError(t, c.Request(patient(t), "test", "add", []int{19, 23}, nil), "the response may be of no interest")
	require.ErrorContains(t, c.Request(patient(t), "test", "add", []int{1, 2}, new(string)),
		"the response to test.add has another form than expected")
	require.NoError(t, c.Request(patient(t), "system", "ping", nil, nil), "its reply has no response")
}

func TestRequest_ErrorReplies(t *testing.T) {
	s := start(t, core.Options{}, answers)
	c := connect(t, client.Options{URL: s.url()})
	for action, want := range map[string]client.ReplyError{
		"refuse":    {Text: "Not you", Code: "NOT_YOU", Response: json.RawMessage(`{"error":"Not you","code":"NOT_YOU"}`)},
		"fail":      {Text: "Internal error", Code: "INTERNAL", Response: json.RawMessage(`{"error":"Internal error","code":"INTERNAL"}`)},
		"elsewhere": {Text: "Unknown route", Code: "UNKNOWN_ROUTE", Response: json.RawMessage(`{"error":"Unknown route","code":"UNKNOWN_ROUTE"}`)},
		"guide":     {Text: "Unauthorized", Code: "FORBIDDEN"},
		"untrue":    {Text: "No"},
		"number":    {Text: "No"},
	} {
		response := "as it was"
		err := c.Request(patient(t), "test", action, nil, &response)
		var got *client.ReplyError
		require.ErrorAs(t, err, &got, action)
		require.Equal(t, want.Text, got.Text, action)
		require.Equal(t, want.Code, got.Code, action)
		if want.Response != nil {
			require.JSONEq(t, string(want.Response), string(got.Response), action)
		}
		require.Equal(t, "as it was", response)
	}
	require.EqualError(t, &client.ReplyError{Text: "No"}, "No")
	require.EqualError(t, &client.ReplyError{Text: "No", Code: "NO"}, "No (NO)")
}

func TestRequest_ErrorMessageWithoutAText(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url})
	conn := get(t, f.opened, "the connection")
	failed := make(chan error, 1)
	go func() { failed <- c.Request(patient(t), "a", "b", nil, nil) }()
	var r struct{ ID json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(get(t, f.messages, "the request")), &r))
	require.NoError(t, conn.WriteString(`{"type":"error","action":"message","id":`+string(r.ID)+`}`))
	require.EqualError(t, get(t, failed, "the error"), "The request failed")
}

func TestRequest_ManyAtOnceGetTheirOwnReplies(t *testing.T) {
	s := start(t, core.Options{}, answers)
	c := connect(t, client.Options{URL: s.url(), MaxQueue: 4})
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := range 50 {
				var sum int
				if err := c.Request(patient(t), "test", "add", []int{worker * 1000, i}, &sum); err != nil || sum != worker*1000+i {
					t.Errorf("worker %d, request %d: %d, %v", worker, i, sum, err)
					return
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, c.Stats().Waiting)
	eventually(t, func() bool { return c.Stats().Queued == 0 }, "what was answered stays in the queue")
}

func TestRequest_TimesOutAndALateReplyIsNobodys(t *testing.T) {
	f := pretend(t)
	j := newJournal()
	c := connect(t, client.Options{URL: f.url, RequestTimeout: 20 * time.Millisecond, Events: j.events()})
	conn := get(t, f.opened, "the connection")

	err := c.Request(patient(t), "chat", "send", nil, nil)
	require.ErrorIs(t, err, client.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "request chat.send: no reply came in time: context deadline exceeded")
	require.EqualValues(t, 1, c.Stats().Timeouts)
	require.Zero(t, c.Stats().Waiting)

	require.NoError(t, conn.WriteString(replyTo(t, get(t, f.messages, "the request"), `1`)))
	require.NoError(t, conn.WriteString(`{"type":"after","action":"it"}`))
	j.expect(t, "connecting 1", "connected", "message after.it ")
	require.EqualValues(t, 1, c.Stats().LateReplies)
}

func TestRequest_EndsWithItsContext(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url, RequestTimeout: -1})
	ctx, cancel := context.WithCancelCause(context.Background())
	failed := make(chan error, 1)
	go func() { failed <- c.Request(ctx, "chat", "send", nil, nil) }()
	get(t, f.messages, "the request")
	mine := errors.New("the user went away")
	cancel(mine)
	require.ErrorIs(t, get(t, failed, "the error"), mine)
}

func TestRequest_ForeignIDsAreNoReplies(t *testing.T) {
	f := pretend(t)
	j := newJournal()
	c := connect(t, client.Options{URL: f.url, Events: j.events()})
	conn := get(t, f.opened, "the connection")
	done := make(chan error, 1)
	go func() { done <- c.Request(patient(t), "chat", "send", nil, nil) }()
	request := get(t, f.messages, "the request")
	for _, id := range []string{`1`, `"1"`, `null`, `"short"`, `{}`} {
		require.NoError(t, conn.WriteString(`{"type":"chat","action":"message","data":0,"id":`+id+`}`))
	}
	require.NoError(t, conn.WriteString(replyTo(t, request, `true`)))
	require.NoError(t, get(t, done, "the reply"))
	j.expect(t, "connecting 1", "connected")
	for range 5 {
		j.expect(t, "message chat.message 0")
	}
}

func TestRequest_DisconnectedWhileItWaits(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url})
	conn := get(t, f.opened, "the connection")
	failed := make(chan error, 1)
	go func() { failed <- c.Request(patient(t), "chat", "send", nil, nil) }()
	get(t, f.messages, "the request")
	require.NoError(t, conn.WriteClose(1012, []byte("draining")))

	err := get(t, failed, "the error")
	require.ErrorIs(t, err, client.ErrDisconnected)
	var closing client.Closing
	require.ErrorAs(t, err, &closing)
	require.Equal(t, client.Closing{Code: 1012, Reason: "draining"}, closing)

	get(t, f.opened, "the next connection")
	require.NoError(t, c.Send(patient(t), "the", "next", nil))
	require.JSONEq(t, `{"type":"the","action":"next"}`, get(t, f.messages, "the next message"), "the request is not sent again")
}

func TestRequest_WhileAwayIsSentLater(t *testing.T) {
	s := start(t, core.Options{}, answers)
	c := connect(t, client.Options{URL: s.url()})
	s.stop()
	eventually(t, func() bool { return c.Status() == client.StatusReconnecting }, "it does not notice")
	sum := make(chan int, 1)
	go func() {
		var n int
		if err := c.Request(patient(t), "test", "add", []int{1, 2}, &n); err != nil {
			t.Error(err)
		}
		sum <- n
	}()
	eventually(t, func() bool { return c.Stats().Queued == 1 }, "it is not queued")
	s.again(t, core.Options{}, answers)
	require.Equal(t, 3, get(t, sum, "the reply"))
}

func TestRequest_WithdrawnWhileAwayIsNeverSent(t *testing.T) {
	f := pretend(t)
	c := newClient(t, client.Options{URL: f.url, MaxQueue: 2})
	require.NoError(t, c.Send(patient(t), "first", "one", nil))
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() { failed <- c.Request(ctx, "never", "this", nil, nil) }()
	eventually(t, func() bool { return c.Stats().Queued == 2 }, "it is not queued")
	cancel()
	require.ErrorIs(t, get(t, failed, "the error"), context.Canceled)
	require.Equal(t, 1, c.Stats().Queued)
	require.NoError(t, c.Send(patient(t), "second", "one", nil), "its place is free")

	require.NoError(t, c.Connect(patient(t)))
	require.Contains(t, get(t, f.messages, "a message"), "first")
	require.Contains(t, get(t, f.messages, "a message"), "second")
}

func TestSend_RefusesWhatTheServerWould(t *testing.T) {
	f := pretend(t)
	c := connect(t, client.Options{URL: f.url, MaxMessage: 100})
	for want, err := range map[string]error{
		"a message needs a type and an action": c.Send(patient(t), "", "send", nil),
		"needs a type and an action":           c.Request(patient(t), "chat", "", nil, nil),
		"unsupported type: func()":             c.Send(patient(t), "chat", "send", func() {}),
		"message chat.bad is not valid UTF-8":  c.Send(patient(t), "chat", "bad", json.RawMessage("\"\xff\"")),
		"unexpected end of JSON input":         c.Send(patient(t), "chat", "half", json.RawMessage(`{`)),
		"a room needs a name":                  c.Join(patient(t), ""),
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, c.Leave(patient(t), ""), "a room needs a name")
	err := c.Send(patient(t), "chat", "send", strings.Repeat("x", 100))
	require.ErrorIs(t, err, client.ErrTooLarge)
	require.ErrorContains(t, err, "chat.send has 141 bytes, MaxMessage is 100")
	require.NoError(t, c.Send(patient(t), "chat", "send", json.RawMessage(`{"raw": [1, 2]}`)))
	require.JSONEq(t, `{"type":"chat","action":"send","data":{"raw":[1,2]}}`, get(t, f.messages, "the message"))
}
