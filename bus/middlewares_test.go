package bus_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestLoggingMiddleware(t *testing.T) {
	var logged journal
	logging := bus.LoggingMiddleware(logged.log(), "mine")
	d := dispatching(t, quiet, bus.Subscriber{
		Channel: "*", Middleware: []bus.Middleware{logging},
		Handle: func(_ context.Context, e *bus.Event) (any, error) {
			if e.Channel == "bad" {
				return nil, errors.New("boom")
			}
			return nil, nil
		},
	})
	run(t, d, event("good"), event("bad"))
	assert.Equal(t, []string{
		`level=DEBUG msg="an event is being handled" subscriber=mine channel=good`,
		`level=INFO msg="an event has been handled" subscriber=mine channel=good`,
		`level=DEBUG msg="an event is being handled" subscriber=mine channel=bad`,
		`level=ERROR msg="an event could not be handled" subscriber=mine channel=bad attempt=1 error=boom`,
	}, logged.all())
	assert.Equal(t, "logging", logging.Name)
	assert.NotPanics(t, func() { bus.LoggingMiddleware(nil, "default") })
}

func TestTimingMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var observed journal
		timing := bus.TimingMiddleware(func(e *bus.Event, took time.Duration) {
			observed.add(e.Channel + " " + took.String())
		})
		handle := func(_ context.Context, e *bus.Event) (any, error) {
			switch e.Channel {
			case "quick":
				time.Sleep(time.Second)
			case "panic":
				time.Sleep(2 * time.Second)
				panic("boom")
			case "error":
				time.Sleep(3 * time.Second)
				return nil, assert.AnError
			}
			return nil, nil
		}
		d := dispatching(t, quiet,
			bus.Subscriber{Channel: "quick", Handle: handle, Middleware: []bus.Middleware{timing}},
			bus.Subscriber{Channel: "panic", Handle: handle, Middleware: []bus.Middleware{timing}},
			bus.Subscriber{Channel: "error", Handle: handle, Middleware: []bus.Middleware{timing}},
			bus.Subscriber{Channel: "skipped", Handle: handle, Middleware: []bus.Middleware{timing, skipping("skip")}},
		)
		run(t, d, event("error"), event("panic"), event("quick"), event("skipped"))
		assert.Equal(t, []string{"quick 1s", "panic 2s", "error 3s"}, observed.all())
	})
}

func TestRateLimitMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		limit := []bus.Middleware{bus.RateLimitMiddleware(2, time.Minute)}
		d := dispatching(t, quiet,
			bus.Subscriber{Name: "one", Channel: "a", Handle: j.handler("one"), Middleware: limit},
			bus.Subscriber{Name: "two", Channel: "b", Handle: j.handler("two"), Middleware: limit},
		)
		for _, e := range []*bus.Event{event("a", "1"), event("b", "1"), event("a", "2"), event("b", "2")} {
			run(t, d, e)
		}
		require.Equal(t, []string{"one1", "two1"}, j.all(), "they share the limit")
		require.Equal(t, bus.SubscriberStats{Name: "one", Handled: 1, Skipped: 1}, statsOf(t, d, "one"))
		time.Sleep(time.Minute)
		run(t, d, event("a", "3"))
		require.Equal(t, []string{"one1", "two1", "one3"}, j.all())
	})
	assert.Panics(t, func() { bus.RateLimitMiddleware(0, time.Minute) })
	assert.Panics(t, func() { bus.RateLimitMiddleware(1, 0) })
}

func TestValidationMiddleware(t *testing.T) {
	var j journal
	var told error
	d := dispatching(t, quiet, bus.Subscriber{
		Name: "s", Channel: "a", Handle: j.handler(""),
		Middleware: []bus.Middleware{
			{Error: func(_ context.Context, _ *bus.Event, err error) bus.Outcome { told = err; return bus.Propagate }},
			bus.ValidationMiddleware(needsType),
		},
	})
	run(t, d, event("a", `{}`), event("a", `{"type":"x"}`))
	assert.Equal(t, []string{`{"type":"x"}`}, j.all())
	assert.EqualError(t, told, "not a valid event: type is missing")
	assert.ErrorIs(t, told, errNoType)
	assert.Equal(t, bus.SubscriberStats{Name: "s", Handled: 1, Failed: 1}, statsOf(t, d, "s"))
}

var errNoType = errors.New("type is missing")

func needsType(e *bus.Event) error {
	if _, ok := e.Value("type"); !ok {
		return errNoType
	}
	return nil
}

func TestRecoveryMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		ran := func() { at = append(at, time.Since(began)) }
		recovery := []bus.Middleware{bus.RecoveryMiddleware(3, time.Second)}
		recovers, despairs := failingFirst(2, ran), failingFirst(100, func() {})
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Hour},
			bus.Subscriber{Name: "recovers", Channel: "a", Middleware: recovery, Handle: func(context.Context, *bus.Event) (any, error) {
				if err := recovers(); err != nil {
					panic(err)
				}
				return nil, nil
			}},
			bus.Subscriber{Name: "despairs", Channel: "b", Middleware: recovery, Handle: func(context.Context, *bus.Event) (any, error) {
				return nil, despairs()
			}},
		)
		run(t, d, event("a"))
		assert.Equal(t, []time.Duration{0, time.Second, 3 * time.Second}, at)
		assert.Equal(t, bus.SubscriberStats{Name: "recovers", Handled: 1}, statsOf(t, d, "recovers"))

		began = time.Now()
		run(t, d, event("b"))
		assert.Equal(t, 7*time.Second, time.Since(began), "1 + 2 + 4 seconds, then the error propagates")
		assert.Equal(t, bus.SubscriberStats{Name: "despairs", Failed: 1}, statsOf(t, d, "despairs"))
	})
}
