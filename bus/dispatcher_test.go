package bus_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestDispatcher_WhoGetsWhat(t *testing.T) {
	var j journal
	subscribers := []bus.Subscriber{
		{Name: "channel ", Channel: "a"},
		{Name: "channels ", Channels: []string{"a", "b", "a"}},
		{Name: "all ", Channel: "*"},
		{Name: "regexp ", Match: []bus.Matcher{bus.MatchRegexp(regexp.MustCompile("^analytics:")), bus.MatchProperty("n", 5)}},
		{Name: "vip ", Match: []bus.Matcher{bus.AllOf(bus.MatchString("b"), bus.MatchFunc(isVIP))}},
	}
	for i := range subscribers {
		subscribers[i].Handle = j.handler(subscribers[i].Name)
	}
	d := dispatching(t, quiet, subscribers...)
	cases := []struct {
		channel, payload string
		want             []string
	}{
		{"a", `{"n":1}`, []string{"channel ", "channels ", "all "}},
		{"a", `{"n":5}`, []string{"channel ", "channels ", "all ", "regexp "}},
		{"b", `{"n":2}`, []string{"channels ", "all "}},
		{"b", `{"segment":"vip"}`, []string{"channels ", "all ", "vip "}},
		{"c", `{"segment":"vip"}`, []string{"all "}},
		{"analytics:clicks", `{"n":5}`, []string{"all ", "regexp "}},
		{"analytics:clicks", `{"n":6}`, []string{"all ", "regexp "}},
		{"", `{"n":7}`, []string{"all "}},
	}
	var want []string
	for _, c := range cases {
		run(t, d, event(c.channel, c.payload))
		for _, name := range c.want {
			want = append(want, name+c.payload)
		}
		require.Equal(t, want, j.all(), "after %s %s", c.channel, c.payload)
	}
	for _, s := range d.Stats() {
		assert.EqualValues(t, countPrefix(want, s.Name), s.Handled, "what is not for %sis not counted", s.Name)
		assert.Equal(t, bus.SubscriberStats{Name: s.Name, Handled: s.Handled}, s)
	}
}

func countPrefix(lines []string, prefix string) (n int) {
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func TestDispatcher_WantsAndChannels(t *testing.T) {
	d := bus.NewDispatcher(quiet)
	assertWants := func(want map[string]bool, names []string, all bool) {
		t.Helper()
		for channel, wanted := range want {
			assert.Equal(t, wanted, d.Wants(channel), channel)
		}
		gotNames, gotAll := d.Channels()
		assert.ElementsMatch(t, names, gotNames)
		assert.True(t, slices.IsSorted(gotNames))
		assert.Equal(t, all, gotAll)
	}
	assertWants(map[string]bool{"a": false, "": false, "*": false}, nil, false)

	require.NoError(t, d.Add(bus.Subscriber{Channels: []string{"b", "a"}, Handle: nothing}))
	assertWants(map[string]bool{"a": true, "b": true, "c": false, "*": false}, []string{"a", "b"}, false)

	require.NoError(t, d.Add(bus.Subscriber{Channel: "c", Handle: nothing}))
	assertWants(map[string]bool{"a": true, "b": true, "c": true, "d": false}, []string{"a", "b", "c"}, false)

	require.NoError(t, d.Add(bus.Subscriber{Match: []bus.Matcher{bus.MatchFunc(isVIP)}, Handle: nothing}))
	assertWants(map[string]bool{"a": true, "d": true, "": true}, []string{"a", "b", "c"}, true)

	require.NoError(t, d.Start())
	stop(t, d)
	assertWants(map[string]bool{"a": true, "d": true}, []string{"a", "b", "c"}, true)
}

func TestDispatcher_EachSubscriberSeesOrder(t *testing.T) {
	const publishers, events = 4, 200
	seen := make([]map[string][]string, 3) // by subscriber and publisher
	var subscribers []bus.Subscriber
	for i := range seen {
		seen[i] = map[string][]string{}
		subscribers = append(subscribers, bus.Subscriber{
			Priority: i % 2,
			Channel:  "*",
			Handle: func(_ context.Context, e *bus.Event) (any, error) {
				seen[i][e.Sender] = append(seen[i][e.Sender], e.Channel)
				return nil, nil
			},
		})
	}
	d := dispatching(t, quiet, subscribers...)
	var want []string
	for k := range events {
		want = append(want, fmt.Sprint(k))
	}
	var group sync.WaitGroup
	for p := range publishers {
		group.Go(func() {
			for _, channel := range want {
				d.Dispatch(&bus.Event{Channel: channel, Sender: fmt.Sprint(p)})
			}
		})
	}
	group.Wait()
	drain(t, d)
	for i := range seen {
		require.Len(t, seen[i], publishers)
		for p, channels := range seen[i] {
			assert.Equal(t, want, channels, "subscriber %d, publisher %s", i, p)
		}
	}
}

func TestDispatcher_FullQueueDropsTheNewest(t *testing.T) {
	var j journal
	g := newGate()
	d := dispatching(t, bus.DispatcherOptions{Patience: -1},
		bus.Subscriber{Name: "slow", Channel: "a", Handle: g.handler(j.handler("")), MaxQueue: 2},
		bus.Subscriber{Name: "quick", Channel: "a", Handle: nothing},
		bus.Subscriber{Name: "default", Channel: "b", Handle: g.handler(nothing)},
	)
	d.Dispatch(event("a", "0"))
	receive(t, g.entered)
	for _, payload := range []string{"1", "2", "3", "4"} {
		d.Dispatch(event("a", payload))
	}
	slow := statsOf(t, d, "slow")
	assert.Equal(t, bus.SubscriberStats{Name: "slow", Dropped: 2, Waiting: 2}, slow)
	assertEventually(t, func() bool { return statsOf(t, d, "quick").Handled == 5 }, "others get all")

	d.Dispatch(event("b"))
	receive(t, g.entered)
	for range 1030 {
		d.Dispatch(event("b"))
	}
	assert.Equal(t, bus.SubscriberStats{Name: "default", Dropped: 6, Waiting: 1024}, statsOf(t, d, "default"))

	close(g.opened)
	drain(t, d)
	run(t, d, event("a", "5"))
	assert.Equal(t, []string{"0", "1", "2", "5"}, j.all())
	assert.Equal(t, bus.SubscriberStats{Name: "slow", Handled: 4, Dropped: 2}, statsOf(t, d, "slow"))
	assert.Equal(t, bus.SubscriberStats{Name: "default", Handled: 1025, Dropped: 6}, statsOf(t, d, "default"))
}

func TestDispatcher_GoesOnAfterFailures(t *testing.T) {
	boom := errors.New("boom")
	fails := map[string]bus.Subscriber{
		"an error":           {Channel: "a", Handle: func(context.Context, *bus.Event) (any, error) { return nil, boom }},
		"a panic":            {Channel: "a", Handle: func(context.Context, *bus.Event) (any, error) { panic(boom) }},
		"a matcher's panic":  {Match: []bus.Matcher{bus.MatchFunc(func(*bus.Event) bool { panic(boom) })}, Handle: nothing},
		"a Before's panic":   {Channel: "a", Handle: nothing, Middleware: []bus.Middleware{{Before: func(context.Context, *bus.Event) (bool, error) { panic(boom) }}}},
		"an After's panic":   {Channel: "a", Handle: nothing, Middleware: []bus.Middleware{{After: func(context.Context, *bus.Event, any) error { panic(boom) }}}},
		"an Around's panic":  {Channel: "a", Handle: nothing, Middleware: []bus.Middleware{{Around: func(bus.Handler) bus.Handler { panics := bus.Handler(nil); return panics }}}},
		"a panic, no error":  {Channel: "a", Handle: func(context.Context, *bus.Event) (any, error) { panic("boom") }},
		"a panic in Outcome": {Channel: "a", Handle: func(context.Context, *bus.Event) (any, error) { return nil, boom }, Middleware: []bus.Middleware{{Error: func(context.Context, *bus.Event, error) bus.Outcome { panic("boom too") }}}},
	}
	for name, s := range fails {
		t.Run(name, func(t *testing.T) {
			var j, logged journal
			s.Name, s.Priority = "failing", 1
			d := dispatching(t, bus.DispatcherOptions{Log: logged.log(), Patience: longWait}, s,
				bus.Subscriber{Name: "other", Channel: "a", Handle: j.handler("")})
			run(t, d, event("a", "1"), event("a", "2"), event("a", "3"))
			assert.Equal(t, []string{"1", "2", "3"}, j.all())
			assert.Equal(t, bus.SubscriberStats{Name: "failing", Failed: 3}, statsOf(t, d, "failing"))
			assert.Equal(t, bus.SubscriberStats{Name: "other", Handled: 3}, statsOf(t, d, "other"))
			assert.NotZero(t, logged.holding("level=ERROR", "a subscriber failed", "subscriber=failing", "channel=a"))
			if strings.Contains(name, "panic") {
				assert.NotZero(t, logged.holding("panic: ", "stack=", "goroutine"), "with the stack")
			}
			if strings.Contains(name, "Outcome") {
				assert.NotZero(t, logged.holding("boom too"), "the second error is not lost")
			}
		})
	}
}

func TestDispatcher_HandlersMayDispatch(t *testing.T) {
	var j journal
	var d *bus.Dispatcher
	handled := make(chan struct{})
	d = dispatching(t, quiet,
		bus.Subscriber{Channel: "a", Handle: func(_ context.Context, e *bus.Event) (any, error) {
			d.Dispatch(event("b", e.Text()))
			return nil, nil
		}},
		bus.Subscriber{Channel: "b", Handle: bus.Compose(j.handler("b"), func(context.Context, *bus.Event) (any, error) {
			close(handled)
			return nil, nil
		})},
	)
	d.Dispatch(event("a", "1"))
	receive(t, handled)
	assert.Equal(t, []string{"b1"}, j.all())
}

func TestDispatcher_AllOfItAtOnce(t *testing.T) {
	const publishers, events = 4, 500
	shared := []bus.Middleware{bus.RateLimitMiddleware(1e6, longWait), bus.TimingMiddleware(nil), {
		Before: func(_ context.Context, e *bus.Event) (bool, error) {
			n, _ := e.Value("n")
			return n != 1.0, nil
		},
	}}
	odd := func(_ context.Context, e *bus.Event) (any, error) {
		switch n, _ := e.Value("n"); n {
		case 2.0:
			return nil, errors.New("boom")
		case 3.0:
			panic("boom")
		}
		return nil, nil
	}
	d := dispatching(t, quiet,
		bus.Subscriber{Name: "1", Channel: "a", Handle: odd, Middleware: shared, MaxQueue: 3},
		bus.Subscriber{Name: "2", Channel: "*", Handle: odd, Middleware: shared, Priority: 2},
		bus.Subscriber{Name: "3", Match: []bus.Matcher{bus.MatchPropertyFunc("n", above(-1))}, Handle: odd, Middleware: shared, MaxQueue: 100},
	)
	watched := make(chan struct{})
	var watching, publishing sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-watched:
				return
			default:
				_, _, _ = d.Stats(), d.Wants("a"), d.WriteTable(&journal{})
			}
		}
	})
	for range publishers {
		publishing.Go(func() {
			for k := range events {
				d.Dispatch(event("a", fmt.Sprintf(`{"n":%d}`, k%5)))
			}
		})
	}
	publishing.Wait()
	drain(t, d)
	close(watched)
	watching.Wait()
	for _, s := range d.Stats() {
		assert.EqualValues(t, publishers*events, s.Handled+s.Failed+s.Skipped+s.Dropped, "%+v", s)
		assert.NotZero(t, s.Handled)
		assert.Zero(t, s.Waiting)
	}
}

func TestDispatcher_NoAllocsWithoutSubscribers(t *testing.T) {
	none := bus.NewDispatcher(quiet)
	some := dispatching(t, quiet, bus.Subscriber{Channel: "wanted", Handle: nothing})
	e := event("not wanted")
	for name, d := range map[string]*bus.Dispatcher{"none": none, "some": some} {
		t.Run(name, func(t *testing.T) {
			assert.Zero(t, testing.AllocsPerRun(1000, func() { d.Dispatch(e) }))
			assert.Zero(t, testing.AllocsPerRun(1000, func() { d.Wants(e.Channel) }))
		})
	}
	assert.Zero(t, testing.AllocsPerRun(1000, func() { some.Wants("wanted") }))
}
