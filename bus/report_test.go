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

func TestReport_FailuresOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged journal
		failing := func(_ context.Context, e *bus.Event) (any, error) { return nil, errors.New("boom " + e.Text()) }
		d := dispatching(t, bus.DispatcherOptions{Log: logged.log()},
			bus.Subscriber{Name: "one", Channel: "*", Handle: failing},
			bus.Subscriber{Name: "two", Channel: "a", Handle: failing},
		)
		run(t, d, event("a", "1"), event("a", "2"), event("a", "3"))
		time.Sleep(999 * time.Millisecond)
		run(t, d, event("a", "4"))
		require.Len(t, logged.all(), 2)
		assert.Equal(t, 1, logged.holding("level=ERROR", "subscriber=one", `error="boom 1"`, "unlogged=0"))
		assert.Equal(t, 1, logged.holding("level=ERROR", "subscriber=two", `error="boom 1"`, "unlogged=0"))

		time.Sleep(time.Millisecond)
		run(t, d, event("b", "5"))
		require.Len(t, logged.all(), 3)
		assert.Equal(t, 1, logged.holding("level=ERROR", "subscriber=one", "channel=b", `error="boom 5"`, "unlogged=3"))

		time.Sleep(time.Second)
		run(t, d, event("b", "6"))
		assert.Equal(t, 1, logged.holding("subscriber=one", `error="boom 6"`, "unlogged=0"))
		assert.EqualValues(t, 6, statsOf(t, d, "one").Failed)
	})
}

func TestReport_DropsOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged journal
		d := dispatching(t, bus.DispatcherOptions{Log: logged.log()},
			bus.Subscriber{Name: "stuck", Channel: "a", MaxQueue: 1, Handle: func(ctx context.Context, _ *bus.Event) (any, error) {
				<-ctx.Done()
				return nil, nil
			}},
		)
		dispatch := func(n int) {
			for range n {
				d.Dispatch(event("a"))
			}
			synctest.Wait()
		}
		dispatch(1) // is being handled
		dispatch(1) // waits
		require.Empty(t, logged.all())
		dispatch(1)
		require.Equal(t, 1, logged.holding("level=WARN", "subscriber=stuck", "dropped=1"))
		dispatch(5)
		time.Sleep(500 * time.Millisecond)
		dispatch(5)
		require.Len(t, logged.all(), 1)
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		require.Len(t, logged.all(), 2)
		require.Equal(t, 1, logged.holding("level=WARN", "subscriber=stuck", "dropped=10"), "of a subscriber that is stuck, too")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, logged.all(), 2)

		stop(t, d)
		require.Len(t, logged.all(), 3)
		assert.Contains(t, logged.all()[2], "subscriber=stuck dropped=1", "what waited when it was stopped")
	})
}
