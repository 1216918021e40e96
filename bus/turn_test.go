package bus_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// taking is a handler that takes its time, and writes down when it ends.
func (j *journal) taking(name string, times ...time.Duration) bus.Handler {
	return func(_ context.Context, e *bus.Event) (any, error) {
		if len(times) > 0 {
			time.Sleep(times[0])
			times = times[1:]
		}
		j.add(name + e.Text())
		return nil, nil
	}
}

func TestPriority_Order(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		moment := 10 * time.Millisecond
		d := dispatching(t, bus.DispatcherOptions{},
			bus.Subscriber{Name: "low", Priority: -5, Channel: "a", Handle: j.taking("low")},
			bus.Subscriber{Name: "first of equals", Channel: "*", Handle: j.taking("equal1 ", moment, moment)},
			bus.Subscriber{Name: "second of equals", Channels: []string{"a"}, Handle: j.taking("equal2 ", moment, moment)},
			bus.Subscriber{Name: "third of equals", Match: []bus.Matcher{bus.MatchFunc(func(*bus.Event) bool { return true })}, Handle: j.taking("equal3 ", moment, moment)},
			bus.Subscriber{Name: "high", Priority: 20, Channel: "a", Handle: j.taking("high ", moment, moment)},
		)
		run(t, d, event("a", "1"))
		require.Equal(t, []string{"high 1", "equal1 1", "equal2 1", "equal3 1", "low1"}, j.all())
		run(t, d, event("a", "2"))
		require.Equal(t, []string{"high 2", "equal1 2", "equal2 2", "equal3 2", "low2"}, j.all()[5:])
		for _, s := range d.Stats() {
			assert.Zero(t, s.Overtaken, s.Name)
		}
	})
}

func TestPriority_SlowOneIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{},
			bus.Subscriber{Name: "slow", Priority: 2, Channel: "a", Handle: j.taking("slow", 10*time.Second, 0, 0)},
			bus.Subscriber{Name: "next", Priority: 1, Channel: "a", Handle: j.taking("next", 10*time.Millisecond)},
			bus.Subscriber{Name: "last", Channel: "a", Handle: j.taking("last")},
		)
		d.Dispatch(event("a", "1"))
		time.Sleep(109 * time.Millisecond)
		synctest.Wait()
		require.Empty(t, j.all(), "patience lasts 100 ms, and the next takes 10")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{"next1", "last1"}, j.all(), "the others keep their order")
		d.Dispatch(event("a", "2"))
		synctest.Wait()
		d.Dispatch(event("a", "3"))
		synctest.Wait()
		require.Equal(t, []string{"next1", "last1", "next2", "last2", "next3", "last3"}, j.all(), "nobody waits for who is behind")
		require.Equal(t, bus.SubscriberStats{Name: "slow", Overtaken: 3, Waiting: 2}, statsOf(t, d, "slow"))
		require.Zero(t, statsOf(t, d, "next").Overtaken)

		drain(t, d)
		require.Equal(t, []string{"slow1", "slow2", "slow3"}, j.all()[6:])
		run(t, d, event("a", "4"))
		require.Equal(t, []string{"slow4", "next4", "last4"}, j.all()[9:], "it has caught up")
		require.Equal(t, bus.SubscriberStats{Name: "slow", Handled: 4, Overtaken: 3}, statsOf(t, d, "slow"))
	})
}

func TestPriority_SlowOneDelaysNobodyWhomItIsNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Hour},
			bus.Subscriber{Name: "high", Priority: 1, Channels: []string{"a", "b"}, Handle: j.taking("high")},
			bus.Subscriber{Name: "slow", Channel: "a", Handle: j.taking("slow", 10*time.Second)},
			bus.Subscriber{Name: "other", Priority: -1, Channel: "b", Handle: j.taking("other")},
		)
		d.Dispatch(event("a"))
		d.Dispatch(event("b"))
		synctest.Wait()
		require.Equal(t, []string{"high{}", "high{}", "other{}"}, j.all())
		drain(t, d)
	})
}

func TestPriority_StillBehindWhileSomethingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Second},
			bus.Subscriber{Name: "slow", Priority: 1, Channel: "a", Handle: j.taking("slow", 2*time.Second, 2*time.Second, 2*time.Second)},
			bus.Subscriber{Name: "quick", Channel: "a", Handle: j.taking("quick")},
		)
		d.Dispatch(event("a", "1"))
		time.Sleep(1500 * time.Millisecond)
		d.Dispatch(event("a", "2"))
		synctest.Wait()
		require.Equal(t, []string{"quick1", "quick2"}, j.all())
		time.Sleep(time.Second) // it has done the first, and is at the second
		d.Dispatch(event("a", "3"))
		synctest.Wait()
		require.Equal(t, []string{"quick1", "quick2", "slow1", "quick3"}, j.all())
		drain(t, d)
		require.EqualValues(t, 3, statsOf(t, d, "slow").Overtaken)
	})
}

func TestPriority_SeveralSlowOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Second},
			bus.Subscriber{Name: "slow", Priority: 3, Channel: "a", Handle: j.taking("slow", 10*time.Second)},
			bus.Subscriber{Name: "too", Priority: 2, Channel: "a", Handle: j.taking("too", 10*time.Second)},
			bus.Subscriber{Name: "quick", Channel: "a", Handle: j.taking("quick")},
		)
		began := time.Now()
		d.Dispatch(event("a", "1"))
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		require.Empty(t, j.all(), "the second has only begun")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"quick1"}, j.all())
		drain(t, d)
		assert.Equal(t, 11*time.Second, time.Since(began))
		assert.EqualValues(t, 1, statsOf(t, d, "slow").Overtaken, "counted once for an event")
		assert.EqualValues(t, 1, statsOf(t, d, "too").Overtaken)
	})
}

func TestPriority_WhoDoesNotHandleHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Hour},
			bus.Subscriber{Name: "full", Priority: 4, Channels: []string{"a", "b"}, Handle: j.taking("full", 10*time.Second), MaxQueue: 1},
			bus.Subscriber{Name: "not matching", Priority: 3, Match: []bus.Matcher{bus.MatchProperty("n", 1)}, Handle: nothing},
			bus.Subscriber{Name: "skipping", Priority: 2, Channel: "*", Handle: nothing, Middleware: []bus.Middleware{skipping("skip")}},
			bus.Subscriber{Name: "failing", Priority: 1, Channel: "*", Handle: func(context.Context, *bus.Event) (any, error) { panic("boom") }},
			bus.Subscriber{Name: "quick", Channel: "b", Handle: j.taking("quick")},
		)
		d.Dispatch(event("a"))
		synctest.Wait()
		d.Dispatch(event("a"))
		d.Dispatch(event("b"))
		synctest.Wait()
		require.Equal(t, bus.SubscriberStats{Name: "full", Dropped: 1, Waiting: 1}, statsOf(t, d, "full"))
		require.Empty(t, j.all(), "before it in the queue of those between is an event that waits")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"full{}", "full{}", "quick{}"}, j.all())
	})
}

func TestPriority_WhoDoesNotMatchWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Hour},
			bus.Subscriber{Name: "slow", Priority: 1, Channel: "a", Handle: j.taking("slow", time.Second)},
			bus.Subscriber{Name: "picky", Match: []bus.Matcher{bus.MatchProperty("n", 1)}, Handle: j.taking("picky")},
		)
		d.Dispatch(event("a"))
		d.Dispatch(event("b", `{"n":1}`))
		synctest.Wait()
		require.Equal(t, []string{`picky{"n":1}`}, j.all())
		drain(t, d)
	})
}

func TestPriority_WithoutPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: -1},
			bus.Subscriber{Name: "slow", Priority: 1, Channel: "a", Handle: j.taking("slow", time.Nanosecond)},
			bus.Subscriber{Name: "quick", Channel: "a", Handle: j.taking("quick")},
		)
		d.Dispatch(event("a"))
		synctest.Wait()
		require.Equal(t, []string{"quick{}"}, j.all())
		drain(t, d)
		assert.Zero(t, statsOf(t, d, "slow").Overtaken)
	})
}
