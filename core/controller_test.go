package core_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// chat is a controller as the guide has it.
type chat struct{ sent int }

func (c *chat) Send(ctx *core.Context) (any, error) {
	var request struct{ Text string }
	if err := ctx.Bind(&request); err != nil {
		return nil, err
	}
	c.sent++
	return map[string]any{"text": request.Text, "sent": c.sent}, nil
}

func (c *chat) UserTyping(*core.Context) (any, error) { return nil, nil }

func TestController_MethodsAreRoutes(t *testing.T) {
	server := start(t, core.Options{Loops: 1}, func(s *core.Server) { s.Controller("chat", &chat{}) })
	c := connect(t, server)
	require.JSONEq(t, `{"type":"chat","action":"send","response":{"text":"hi","sent":1},"id":1}`,
		c.ask(`{"type":"chat","action":"send","data":{"text":"hi"},"id":1}`))
	require.Equal(t, `{"type":"chat","action":"userTyping"}`, c.ask(`{"type":"chat","action":"userTyping"}`))
	require.Contains(t, c.ask(`{"type":"chat","action":"Send"}`), "UNKNOWN_ROUTE")
	require.Equal(t, []string{
		"chat.send", "chat.userTyping", "system.joinRoom", "system.leaveRoom", "system.ping", "system.pong",
	}, server.Routes())
}

type halfRight struct{ chat }

func (halfRight) Helper() int { return 1 }

func TestRoutes_MistakesAreErrorsOfRun(t *testing.T) {
	nothing := func(*core.Context) (any, error) { return nil, nil }
	for want, prepare := range map[string]func(*core.Server){
		"route system.ping is taken":                          func(s *core.Server) { s.Handle("system", "ping", nothing) },
		"route chat.send has no handler":                      func(s *core.Server) { s.Handle("chat", "send", nil) },
		`route "chat"."" needs a type and an action`:          func(s *core.Server) { s.Handle("chat", "", nothing) },
		"route chat.send is taken":                            func(s *core.Server) { s.Handle("chat", "send", nothing); s.Controller("chat", &chat{}) },
		"controller chat: core_test.chat has no exported":     func(s *core.Server) { s.Controller("chat", chat{}) },
		"controller chat: <nil> has no exported methods":      func(s *core.Server) { s.Controller("chat", nil) },
		"controller x: method Helper is func() int, not func": func(s *core.Server) { s.Controller("x", &halfRight{}) },
	} {
		t.Run(want, func(t *testing.T) {
			server, err := core.New(core.Options{Addr: "127.0.0.1:0"})
			require.NoError(t, err)
			prepare(server)
			require.ErrorContains(t, server.Run(context.Background()), want)
		})
	}
}
