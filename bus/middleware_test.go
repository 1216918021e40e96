package bus_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// skipping lets no event pass.
func skipping(name string) bus.Middleware {
	return bus.Middleware{Name: name, Before: func(context.Context, *bus.Event) (bool, error) { return false, nil }}
}

// layer is a middleware that writes down its phases and does what it is told.
type layer struct {
	name    string
	skip    bool
	before  error
	after   error
	outcome bus.Outcome
}

func (l layer) middleware(j *journal) bus.Middleware {
	return bus.Middleware{
		Name: l.name,
		Before: func(context.Context, *bus.Event) (bool, error) {
			j.add("before " + l.name)
			return !l.skip, l.before
		},
		After: func(_ context.Context, _ *bus.Event, result any) error {
			j.add("after " + l.name + " " + result.(string))
			return l.after
		},
		Error: func(_ context.Context, _ *bus.Event, err error) bus.Outcome {
			j.add("error " + l.name + " " + err.Error())
			return l.outcome
		},
		Around: func(next bus.Handler) bus.Handler {
			return func(ctx context.Context, e *bus.Event) (any, error) {
				j.add("around " + l.name)
				defer j.add("end of around " + l.name)
				return next(ctx, e)
			}
		},
	}
}

// around are the lines of a handler within two layers.
func around(lines ...string) []string {
	return append(append([]string{"around 1", "around 2"}, lines...), "end of around 2", "end of around 1")
}

func concat(parts ...[]string) (lines []string) {
	for _, p := range parts {
		lines = append(lines, p...)
	}
	return lines
}

func TestMiddleware_Phases(t *testing.T) {
	boom := errors.New("boom")
	befores := []string{"before 1", "before 2"}
	cases := map[string]struct {
		one, two layer
		handler  error
		want     []string
		stats    bus.SubscriberStats
	}{
		"all is well": {
			layer{},
			layer{},
			nil,
			concat(befores, around("handled"), []string{"after 1 result", "after 2 result"}),
			bus.SubscriberStats{Handled: 1},
		},
		"the first skips":  {layer{skip: true}, layer{}, nil, []string{"before 1"}, bus.SubscriberStats{Skipped: 1}},
		"the second skips": {layer{}, layer{skip: true}, nil, befores, bus.SubscriberStats{Skipped: 1}},
		"the handler fails": {
			layer{},
			layer{},
			boom,
			concat(befores, around("handled"), []string{"error 1 boom", "error 2 boom"}),
			bus.SubscriberStats{Failed: 1},
		},
		"the first suppresses": {
			layer{outcome: bus.Suppress},
			layer{},
			boom,
			concat(befores, around("handled"), []string{"error 1 boom"}),
			bus.SubscriberStats{Handled: 1},
		},
		"the second suppresses": {
			layer{},
			layer{outcome: bus.Suppress},
			boom,
			concat(befores, around("handled"), []string{"error 1 boom", "error 2 boom"}),
			bus.SubscriberStats{Handled: 1},
		},
		"a Before fails": {
			layer{before: boom},
			layer{},
			nil,
			[]string{"before 1", "error 1 boom", "error 2 boom"},
			bus.SubscriberStats{Failed: 1},
		},
		"a Before fails and skips": {
			layer{},
			layer{before: boom, skip: true},
			nil,
			concat(befores, []string{"error 1 boom", "error 2 boom"}),
			bus.SubscriberStats{Failed: 1},
		},
		"a Before fails and is suppressed": {
			layer{before: boom, outcome: bus.Suppress},
			layer{},
			nil,
			[]string{"before 1", "error 1 boom"},
			bus.SubscriberStats{Handled: 1},
		},
		"an After fails": {
			layer{after: boom},
			layer{},
			nil,
			concat(befores, around("handled"), []string{"after 1 result", "error 1 boom", "error 2 boom"}),
			bus.SubscriberStats{Failed: 1},
		},
		"an After fails and is suppressed": {
			layer{},
			layer{after: boom, outcome: bus.Suppress},
			nil,
			concat(befores, around("handled"), []string{"after 1 result", "after 2 result", "error 1 boom", "error 2 boom"}),
			bus.SubscriberStats{Handled: 1},
		},
		"an outcome that there is not": {
			layer{outcome: 77},
			layer{},
			boom,
			concat(befores, around("handled"), []string{"error 1 boom", "error 2 boom"}),
			bus.SubscriberStats{Failed: 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var j journal
			c.one.name, c.two.name, c.stats.Name = "1", "2", "s"
			d := dispatching(t, quiet, bus.Subscriber{
				Name: "s", Channel: "a",
				Handle: func(context.Context, *bus.Event) (any, error) {
					j.add("handled")
					return "result", c.handler
				},
				Middleware: []bus.Middleware{c.one.middleware(&j), {Name: "empty"}, c.two.middleware(&j)},
			})
			run(t, d, event("a"))
			assert.Equal(t, c.want, j.all())
			assert.Equal(t, c.stats, statsOf(t, d, "s"))
		})
	}
}

func TestMiddleware_PanicOfAnErrorAsksTheNext(t *testing.T) {
	var asked error
	d := dispatching(t, quiet, bus.Subscriber{
		Name: "s", Channel: "a",
		Handle: func(context.Context, *bus.Event) (any, error) { return nil, assert.AnError },
		Middleware: []bus.Middleware{
			{Error: func(context.Context, *bus.Event, error) bus.Outcome { panic("too") }},
			{Error: func(_ context.Context, _ *bus.Event, err error) bus.Outcome {
				asked = err
				return bus.Suppress
			}},
		},
	})
	run(t, d, event("a"))
	require.ErrorIs(t, asked, assert.AnError)
	var p *bus.PanicError
	require.ErrorAs(t, asked, &p)
	assert.Equal(t, "too", p.Value)
	assert.EqualValues(t, 1, statsOf(t, d, "s").Handled)
}

// failingFirst fails a number of times, then no more.
func failingFirst(times int, run func()) func() error {
	return func() error {
		run()
		if times--; times >= 0 {
			return errors.New("not yet")
		}
		return nil
	}
}

func TestMiddleware_RetryGoesOnFromWhereItFailed(t *testing.T) {
	var j journal
	before := failingFirst(1, func() { j.add("before") })
	handle := failingFirst(2, func() { j.add("handle") })
	after := failingFirst(1, func() { j.add("after") })
	attempts := []int{}
	d := dispatching(t, quiet, bus.Subscriber{
		Name: "s", Channel: "a",
		Handle: func(ctx context.Context, _ *bus.Event) (any, error) {
			attempts = append(attempts, bus.Attempt(ctx))
			return nil, handle()
		},
		Middleware: []bus.Middleware{
			{Before: func(context.Context, *bus.Event) (bool, error) { j.add("passed once"); return true, nil }},
			{Before: func(context.Context, *bus.Event) (bool, error) { return true, before() }},
			{After: func(context.Context, *bus.Event, any) error { return after() }},
			{Error: func(context.Context, *bus.Event, error) bus.Outcome { return bus.Retry }},
			{Error: func(context.Context, *bus.Event, error) bus.Outcome { j.add("asked"); return bus.Propagate }},
		},
	})
	run(t, d, event("a"))
	assert.Equal(t, []string{"passed once", "before", "before", "handle", "handle", "handle", "after", "handle", "after"}, j.all())
	assert.Equal(t, []int{2, 3, 4, 5}, attempts)
	assert.Equal(t, bus.SubscriberStats{Name: "s", Handled: 1}, statsOf(t, d, "s"))
	assert.Equal(t, 1, bus.Attempt(t.Context()))
}

func TestMiddleware_RetryEndsWithTheDispatcher(t *testing.T) {
	g := newGate()
	close(g.opened)
	d := dispatching(t, quiet, bus.Subscriber{
		Name: "s", Channel: "a", Handle: g.handler(returning(nil, assert.AnError)),
		Middleware: []bus.Middleware{{Error: func(context.Context, *bus.Event, error) bus.Outcome { return bus.Retry }}},
	})
	d.Dispatch(event("a"))
	receive(t, g.entered)
	stop(t, d)
	assert.Equal(t, bus.SubscriberStats{Name: "s", Failed: 1}, statsOf(t, d, "s"))
}
