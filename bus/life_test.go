package bus_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestDispatcher_StopAndStartAgain(t *testing.T) {
	var j journal
	d := bus.NewDispatcher(quiet)
	require.NoError(t, d.Add(bus.Subscriber{Name: "s", Channel: "a", Handle: j.handler("")}))
	require.NoError(t, d.Stop(t.Context()), "before the first start there is nothing to stop")
	require.EqualError(t, d.Drain(t.Context()), "the dispatcher does not run")
	d.Dispatch(event("a", "lost before"))
	for range 3 {
		require.NoError(t, d.Start())
		require.EqualError(t, d.Start(), "the dispatcher runs already")
		run(t, d, event("a", "1"))
		stop(t, d)
		stop(t, d)
		require.EqualError(t, d.Drain(t.Context()), "the dispatcher does not run")
		d.Dispatch(event("a", "lost after"))
	}
	assert.Equal(t, []string{"1", "1", "1"}, j.all())
	assert.Equal(t, bus.SubscriberStats{Name: "s", Handled: 3, Dropped: 4}, statsOf(t, d, "s"))
}

func TestDispatcher_StopEndsContextsAndDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j, logged journal
		d := dispatching(t, bus.DispatcherOptions{Log: logged.log(), Patience: time.Hour},
			bus.Subscriber{Name: "first", Priority: 1, Channel: "a", Handle: func(ctx context.Context, e *bus.Event) (any, error) {
				<-ctx.Done()
				j.add("ended " + e.Text())
				return nil, nil
			}},
			bus.Subscriber{Name: "second", Channel: "a", Handle: j.handler("second ")},
		)
		for _, payload := range []string{"1", "2", "3"} {
			d.Dispatch(event("a", payload))
		}
		synctest.Wait()
		require.Empty(t, j.all())
		stop(t, d)
		assert.Equal(t, []string{"ended 1"}, j.all())
		assert.Equal(t, bus.SubscriberStats{Name: "first", Handled: 1, Dropped: 2}, statsOf(t, d, "first"))
		assert.Equal(t, bus.SubscriberStats{Name: "second", Dropped: 3}, statsOf(t, d, "second"), "one waited for its turn")
		assert.Equal(t, 1, logged.holding("level=WARN", "subscriber=first", "dropped=2"))
		assert.Equal(t, 1, logged.holding("level=WARN", "subscriber=second", "dropped=3"))
	})
}

func TestDispatcher_StopEndsTheWaitForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		d := dispatching(t, bus.DispatcherOptions{Patience: time.Hour},
			bus.Subscriber{Name: "first", Priority: 1, Channels: []string{"a", "b"}, Handle: func(ctx context.Context, _ *bus.Event) (any, error) {
				<-ctx.Done()
				return nil, nil
			}},
			bus.Subscriber{Name: "second", Channel: "b", Handle: j.handler("")},
		)
		d.Dispatch(event("a"))
		d.Dispatch(event("b"))
		synctest.Wait()
		stop(t, d)
		assert.Empty(t, j.all())
		assert.Equal(t, bus.SubscriberStats{Name: "second", Dropped: 1}, statsOf(t, d, "second"))
	})
}

func TestDispatcher_StopNamesWhoHasNotReturned(t *testing.T) {
	g := newGate()
	d := bus.NewDispatcher(quiet)
	require.NoError(t, d.Add(bus.Subscriber{Name: "stuck", Channel: "a", Handle: g.handler(nothing)}))
	require.NoError(t, d.Add(bus.Subscriber{Name: "idle", Channel: "b", Handle: nothing}))
	require.NoError(t, d.Start())
	d.Dispatch(event("a"))
	receive(t, g.entered)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.Stop(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "(stuck)")
	require.EqualError(t, d.Start(), "the dispatcher runs already")

	close(g.opened)
	stop(t, d)
	require.NoError(t, d.Start())
	stop(t, d)
}

func TestDispatcher_StopWhileMatching(t *testing.T) {
	g := newGate()
	d := bus.NewDispatcher(quiet)
	require.NoError(t, d.Add(bus.Subscriber{
		Name:   "s",
		Handle: nothing,
		Match: []bus.Matcher{bus.MatchFunc(func(e *bus.Event) bool {
			_, err := g.handler(nothing)(t.Context(), e)
			return err == nil
		})},
	}))
	require.NoError(t, d.Start())
	d.Dispatch(event("a"))
	receive(t, g.entered)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, d.Stop(ctx), "(s)")
	close(g.opened)
	stop(t, d)
	assert.Equal(t, bus.SubscriberStats{Name: "s", Dropped: 1}, statsOf(t, d, "s"), "dropped, and not handled too")
}

func TestDispatcher_StopEndsBackOff(t *testing.T) {
	g := newGate()
	close(g.opened)
	d := bus.NewDispatcher(quiet)
	require.NoError(t, d.Add(bus.Subscriber{Name: "s", Channel: "a", Handle: g.handler(returning(nil, assert.AnError)), Middleware: []bus.Middleware{bus.RecoveryMiddleware(5, 24*time.Hour)}}))
	require.NoError(t, d.Start())
	d.Dispatch(event("a"))
	receive(t, g.entered)
	stop(t, d)
	assert.Equal(t, bus.SubscriberStats{Name: "s", Failed: 1}, statsOf(t, d, "s"))
}

func TestDispatcher_Drain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowly := func(context.Context, *bus.Event) (any, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		d := dispatching(t, quiet,
			bus.Subscriber{Name: "one", Channel: "a", Handle: slowly},
			bus.Subscriber{Name: "two", Channel: "b", Handle: slowly},
		)
		for range 3 {
			d.Dispatch(event("a"))
		}
		d.Dispatch(event("b"))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		require.ErrorIs(t, d.Drain(ctx), context.DeadlineExceeded)
		require.NoError(t, d.Drain(t.Context()))
		assert.EqualValues(t, 3, statsOf(t, d, "one").Handled)
		assert.EqualValues(t, 1, statsOf(t, d, "two").Handled)
		d.Dispatch(event("a"))
		require.NoError(t, d.Drain(t.Context()))
		assert.EqualValues(t, 4, statsOf(t, d, "one").Handled)
	})
}

func TestDispatcher_DrainMissesNothing(t *testing.T) {
	var handled atomic.Int64
	d := dispatching(t, quiet, bus.Subscriber{Channel: "a", Handle: func(context.Context, *bus.Event) (any, error) {
		handled.Add(1)
		return nil, nil
	}})
	for want := int64(1); want <= 1_000; want++ {
		d.Dispatch(event("a"))
		require.NoError(t, d.Drain(t.Context()))
		require.Equal(t, want, handled.Load())
	}
}

func TestDispatcher_StopEndsDrain(t *testing.T) {
	g := newGate()
	d := dispatching(t, quiet, bus.Subscriber{Channel: "a", Handle: g.handler(nothing)})
	d.Dispatch(event("a"))
	receive(t, g.entered)
	drained := make(chan error)
	go func() { drained <- d.Drain(context.Background()) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, d.Stop(ctx))
	require.EqualError(t, receive(t, drained), "the dispatcher does not run")
	close(g.opened)
}
