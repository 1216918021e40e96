package bus_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestWithRateLimit_SlidingWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := 0
		handle := bus.WithRateLimit(returning(5, assert.AnError), 3, 10*time.Second, func(*bus.Event) { limited++ })
		began := time.Now()
		cases := []struct {
			at time.Duration // seconds
			ok bool
		}{
			{0, true},
			{4, true},
			{6, true},
			{6, false},
			{9, false},
			{10, true},
			{10, false}, // the one at 0 has left the window
			{13, false},
			{14, true},
			{15, false},
			{16, true},
			{19, false},
			{20, true},
			{100, true},
			{100, true},
			{100, true},
			{100, false},
		}
		refused := 0
		for _, c := range cases {
			time.Sleep(c.at*time.Second - time.Since(began))
			result, err := handle(t.Context(), event("a"))
			if !c.ok {
				refused++
				require.Nil(t, result, "at %d", c.at)
				require.NoError(t, err, "at %d", c.at)
				continue
			}
			require.Equal(t, 5, result, "at %d", c.at)
			require.ErrorIs(t, err, assert.AnError, "at %d", c.at)
		}
		assert.Equal(t, refused, limited)
	})
}

func TestWithRateLimit_IsOptionalToTell(t *testing.T) {
	handle := bus.WithRateLimit(returning(5, nil), 1, longWait, nil)
	for _, want := range []any{5, nil, nil} {
		result, err := handle(t.Context(), event("a"))
		assert.NoError(t, err)
		assert.Equal(t, want, result)
	}
}

func TestWithRateLimit_NeedsANumberAndAWindow(t *testing.T) {
	const sentence = "bus: a rate limit needs a number and a window above zero"
	assert.PanicsWithValue(t, sentence, func() { bus.WithRateLimit(nothing, 0, time.Second, nil) })
	assert.PanicsWithValue(t, sentence, func() { bus.WithRateLimit(nothing, -1, time.Second, nil) })
	assert.PanicsWithValue(t, sentence, func() { bus.WithRateLimit(nothing, 1, 0, nil) })
}

func userOf(e *bus.Event) string {
	user, _ := e.Value("user")
	return fmt.Sprint(user)
}

func TestWithRateLimitBy(t *testing.T) {
	var j, limited journal
	handle := bus.WithRateLimitBy(j.handler(""), userOf, 2, longWait, func(e *bus.Event) { limited.add(e.Text()) })
	ada, bob := event("a", `{"user":"ada"}`), event("a", `{"user":"bob"}`)
	for _, e := range []*bus.Event{ada, ada, ada, bob, ada, bob, bob} {
		_, err := handle(t.Context(), e)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{ada.Text(), ada.Text(), bob.Text(), bob.Text()}, j.all())
	assert.Equal(t, []string{ada.Text(), ada.Text(), bob.Text()}, limited.all())
}

// byChannel handles events on the channels, one each, and returns how many were
// let through.
func byChannel(t *testing.T, handle bus.Handler, channels ...string) (passed int) {
	t.Helper()
	for _, channel := range channels {
		result, err := handle(t.Context(), event(channel))
		require.NoError(t, err)
		if result != nil {
			passed++
		}
	}
	return passed
}

func TestWithRateLimitBy_RemembersTheKeysUsedLast(t *testing.T) {
	handle := bus.WithRateLimitBy(returning(5, nil), func(e *bus.Event) string { return e.Channel }, 1, longWait, nil)
	const remembered = 10_000
	var flood []string
	for i := range remembered {
		flood = append(flood, fmt.Sprint(i))
	}
	require.Equal(t, remembered, byChannel(t, handle, flood...))
	require.Zero(t, byChannel(t, handle, flood...), "all are remembered")

	require.Zero(t, byChannel(t, handle, "0"), "it is the one used last now")
	require.Equal(t, 1, byChannel(t, handle, "one too many"))
	require.Zero(t, byChannel(t, handle, "0", "2", "9999", "one too many"))
	require.Equal(t, 1, byChannel(t, handle, "1"), "the one not used for longest was forgotten")
}

func TestWithRateLimit_FromManyGoroutines(t *testing.T) {
	var handled, limited atomic.Int64
	handle := bus.WithRateLimitBy(func(context.Context, *bus.Event) (any, error) {
		handled.Add(1)
		return nil, nil
	}, userOf, 100, longWait, func(*bus.Event) { limited.Add(1) })
	e := event("a", `{"user":1}`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				_, err := handle(t.Context(), e)
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 100, handled.Load())
	assert.EqualValues(t, 300, limited.Load())
}
