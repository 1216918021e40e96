package core_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestRequire_KeepsOthersFromARoute(t *testing.T) {
	done := func(*core.Context) (any, error) { return "done", nil }
	server := start(t, core.Options{JWTSecret: broadcastSecret}, func(s *core.Server) {
		s.Handle("admin", "inline", done, core.Require("user == ada"))
		s.Handle("admin", "blocking", done, core.Blocking(), core.Require("user == ada"))
		s.Handle("self", "mark", func(c *core.Context) (any, error) { return nil, c.SetMetadata("plan", "pro") })
		s.Handle("plan", "only", done, core.Require("meta:plan == pro"))
	})
	ada, bob, nobody := connect(t, server, "token="+tokenFor(t, "ada")), connect(t, server, "token="+tokenFor(t, "bob")), connect(t, server)
	ada.receive()
	bob.receive()
	for _, action := range []string{"inline", "blocking"} {
		request := `{"type":"admin","action":"` + action + `","id":1}`
		require.Contains(t, ada.ask(request), `"response":"done"`)
		for _, other := range []*client{bob, nobody} {
			require.JSONEq(t, `{"type":"error","action":"message","data":{"error":"You may not do this","code":"FORBIDDEN"},"id":1}`, other.ask(request))
		}
	}
	require.Contains(t, nobody.ask(`{"type":"plan","action":"only"}`), "FORBIDDEN")
	nobody.ask(`{"type":"self","action":"mark"}`)
	require.Contains(t, nobody.ask(`{"type":"plan","action":"only"}`), "done")
	require.EqualValues(t, 5, server.Stats().Forbidden)
}

func TestRequire_MistakesAreErrorsOfRun(t *testing.T) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	server.Handle("a", "b", func(*core.Context) (any, error) { return nil, nil }, core.Require("claim:role = admin"))
	require.ErrorContains(t, server.Run(t.Context()), "route a.b")
}

func TestTyped_DecodesTheData(t *testing.T) {
	type request struct {
		Text string `json:"text"`
	}
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("chat", "send", core.Typed(func(_ *core.Context, r request) (any, error) { return r.Text, nil }))
	})
	c := connect(t, server)
	require.Contains(t, c.ask(`{"type":"chat","action":"send","data":{"text":"hi"}}`), `"response":"hi"`)
	require.Contains(t, c.ask(`{"type":"chat","action":"send"}`), "DATA_REQUIRED")
	require.Contains(t, c.ask(`{"type":"chat","action":"send","data":{"text":5}}`), "BAD_DATA")
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestHandler_InternalErrorsAreLoggedOnceASecond(t *testing.T) {
	log := &lines{}
	server := start(t, core.Options{Log: slog.New(slog.NewTextHandler(log, nil))}, func(s *core.Server) {
		fails := func(*core.Context) (any, error) { return nil, errors.New("the database is away") }
		s.Handle("test", "inline", fails)
		s.Handle("test", "public", func(*core.Context) (any, error) { return nil, &core.Error{Text: "not logged"} })
	})
	c := connect(t, server)
	for range 100 {
		require.Contains(t, c.ask(`{"type":"test","action":"inline"}`), "INTERNAL")
		c.ask(`{"type":"test","action":"public"}`)
	}
	said := log.String()
	require.Contains(t, said, `route=test.inline error="the database is away"`)
	require.Less(t, strings.Count(said, "the database is away"), 20, "not each of them")
	require.NotContains(t, said, "not logged")
}
