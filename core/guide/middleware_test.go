package guide

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// trace records what runs, all of it on one subscriber's goroutine.
type trace []string

// middleware records its phases under a name.
func (tr *trace) middleware(name string) bus.Middleware {
	note := func(phase string) { *tr = append(*tr, name+" "+phase) }
	return bus.Middleware{
		Name:   name,
		Before: func(context.Context, *bus.Event) (bool, error) { note("before"); return true, nil },
		After:  func(context.Context, *bus.Event, any) error { note("after"); return nil },
		Error:  func(context.Context, *bus.Event, error) bus.Outcome { note("error"); return bus.Propagate },
	}
}

// handle records the handler, which fails with err.
func (tr *trace) handle(err error) bus.Handler {
	return func(context.Context, *bus.Event) (any, error) {
		*tr = append(*tr, "handler")
		return "result", err
	}
}

// Middleware sees the event, and the handler's work, from all sides, whatever the
// subscriber: here the same is around two.
func TestGuide_SubscriberMiddleware(t *testing.T) {
	var passed []string
	shared := bus.Middleware{Name: "shared", Around: func(next bus.Handler) bus.Handler {
		return func(ctx context.Context, e *bus.Event) (any, error) {
			passed = append(passed, e.Channel)
			return next(ctx, &bus.Event{Channel: e.Channel, Payload: []byte(`{"modified":true}`)})
		}
	}}
	var got []string
	for _, channel := range []string{"orders", "returns"} {
		afterEvents(t, bus.Subscriber{
			Channel: channel, Middleware: []bus.Middleware{shared},
			Handle: func(_ context.Context, e *bus.Event) (any, error) {
				got = append(got, e.Text())
				return nil, nil
			},
		}, object{})
	}
	require.Equal(t, []string{"orders", "returns"}, passed)
	require.Equal(t, []string{`{"modified":true}`, `{"modified":true}`}, got)
}

func TestGuide_SubscriberMiddleware_UsingBuiltInMiddleware(t *testing.T) {
	t.Run("logging, timing and rate limit", func(t *testing.T) {
		log, timed := &journal{}, make(chan string, 100)
		server := start(t, core.Options{}, func(s *core.Server) {
			s.Subscribe(bus.Subscriber{
				Channels: []string{"updates"},
				Handle: func(context.Context, *bus.Event) (any, error) {
					return s.Broadcast(core.All().Here(), "chat", "update", nil)
				},
				Middleware: []bus.Middleware{
					bus.LoggingMiddleware(log.logger(), "updatesBroadcaster"),
					bus.TimingMiddleware(func(e *bus.Event, took time.Duration) {
						if took > 0 {
							timed <- e.Channel
						}
					}),
					bus.RateLimitMiddleware(10, time.Minute),
				},
			})
		})
		ada := visit(t, server, client.Options{})
		for range 12 {
			require.NoError(t, server.Emit("updates", object{}))
		}
		for range 10 {
			ada.hear(t, "chat.update ")
			require.Equal(t, "updates", get(t, timed))
		}
		eventually(t, func() bool { return server.Stats().Subscribers[0].Skipped == 2 }, "those beyond the limit")
		nothingElse(t, server, ada)
		require.Empty(t, timed)
		require.Equal(t, 10, strings.Count(log.String(), `"an event has been handled" subscriber=updatesBroadcaster channel=updates`))
	})
	t.Run("logging of errors", func(t *testing.T) {
		log := &journal{}
		work := &script{errors: []error{errAway}}
		afterEvents(t, bus.Subscriber{
			Channel: "updates", Handle: work.handle,
			Middleware: []bus.Middleware{bus.LoggingMiddleware(log.logger(), "updatesBroadcaster")},
		}, object{})
		require.Contains(t, log.String(), `level=ERROR msg="an event could not be handled" subscriber=updatesBroadcaster`)
		require.Contains(t, log.String(), errAway.Error())
	})
	t.Run("validation", func(t *testing.T) {
		work := &script{}
		stats := afterEvents(t, bus.Subscriber{
			Channel: "updates", Handle: work.handle,
			Middleware: []bus.Middleware{bus.ValidationMiddleware(needs("type"))},
		}, object{}, object{"type": "chat"})
		require.Equal(t, 1, work.calls)
		require.EqualValues(t, 1, stats.Failed)
	})
	t.Run("error recovery", func(t *testing.T) {
		work := &script{errors: []error{errAway, errAway}}
		stats := afterEvents(t, bus.Subscriber{
			Channel: "updates", Handle: work.handle,
			Middleware: []bus.Middleware{bus.RecoveryMiddleware(2, time.Millisecond)},
		}, object{})
		require.Equal(t, 3, work.calls)
		require.EqualValues(t, 1, stats.Handled)
	})
	t.Run("10 per minute", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			limit := bus.RateLimitMiddleware(10, time.Minute)
			passed := 0
			for range 25 {
				proceed, err := limit.Before(t.Context(), &bus.Event{})
				require.NoError(t, err)
				if proceed {
					passed++
				}
				time.Sleep(3 * time.Second)
			}
			require.Equal(t, 15, passed, "10 of the first minute, 5 of the quarter of the next")
		})
	})
}

func TestGuide_SubscriberMiddleware_CustomMiddleware(t *testing.T) {
	var skipped, succeeded, failed int
	authentication := bus.Middleware{
		Name: "authentication",
		Before: func(_ context.Context, e *bus.Event) (bool, error) {
			authenticated, _ := e.Value("authenticated")
			if authenticated != true {
				skipped++
			}
			return authenticated == true, nil
		},
	}
	metrics := bus.Middleware{
		Name: "metrics",
		After: func(_ context.Context, _ *bus.Event, result any) error {
			if result == "done" {
				succeeded++
			}
			return nil
		},
		Error: func(_ context.Context, _ *bus.Event, err error) bus.Outcome {
			if errors.Is(err, errAway) {
				failed++
			}
			return bus.Propagate
		},
	}
	work := &script{errors: []error{nil, errAway}}
	stats := afterEvents(t, bus.Subscriber{
		Channel: "secure-updates", Handle: work.handle, Middleware: []bus.Middleware{authentication, metrics},
	}, object{"authenticated": true}, object{}, object{"authenticated": true}, object{"authenticated": true})
	require.Equal(t, 3, work.calls)
	require.Equal(t, []int{1, 2, 1}, []int{skipped, succeeded, failed})
	require.Equal(t, []uint64{1, 2, 1}, []uint64{stats.Skipped, stats.Handled, stats.Failed})
}

func TestGuide_SubscriberMiddleware_MiddlewareExecutionFlow(t *testing.T) {
	skip := bus.Middleware{Name: "skip", Before: func(context.Context, *bus.Event) (bool, error) { return false, nil }}
	suppress := bus.Middleware{Name: "suppress", Error: func(context.Context, *bus.Event, error) bus.Outcome { return bus.Suppress }}
	refuse := bus.Middleware{Name: "refuse", Before: func(context.Context, *bus.Event) (bool, error) { return true, errAway }}
	spoil := bus.Middleware{Name: "spoil", After: func(context.Context, *bus.Event, any) error { return errAway }}
	var ran trace
	outer, inner := ran.middleware("outer"), ran.middleware("inner")
	cases := map[string]struct {
		middleware []bus.Middleware
		err        error
		want       []string
		handled    uint64
		skipped    uint64
		failed     uint64
	}{
		"before, handler, after": {
			middleware: []bus.Middleware{outer, inner},
			want:       []string{"outer before", "inner before", "handler", "outer after", "inner after"},
			handled:    1,
		},
		"before skips the handler": {
			middleware: []bus.Middleware{outer, skip, inner},
			want:       []string{"outer before"},
			skipped:    1,
		},
		"error instead of after": {
			middleware: []bus.Middleware{outer, inner}, err: errAway,
			want:   []string{"outer before", "inner before", "handler", "outer error", "inner error"},
			failed: 1,
		},
		"error is suppressed": {
			middleware: []bus.Middleware{outer, suppress, inner}, err: errAway,
			want:    []string{"outer before", "inner before", "handler", "outer error"},
			handled: 1,
		},
		"before fails": {
			middleware: []bus.Middleware{outer, refuse, inner},
			want:       []string{"outer before", "outer error", "inner error"},
			failed:     1,
		},
		"after fails": {
			middleware: []bus.Middleware{spoil, outer},
			want:       []string{"outer before", "handler", "outer error"},
			failed:     1,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ran = nil
			stats := afterEvents(t, bus.Subscriber{Channel: "orders", Handle: ran.handle(c.err), Middleware: c.middleware}, object{})
			require.Equal(t, trace(c.want), ran)
			require.Equal(t, []uint64{c.handled, c.skipped, c.failed}, []uint64{stats.Handled, stats.Skipped, stats.Failed})
		})
	}
}
