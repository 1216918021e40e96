package bus_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/bus"
)

func TestWithRetry(t *testing.T) {
	const second = time.Second
	cases := map[string]struct {
		failures, retries int
		delay             time.Duration
		backoff           float64
		at                []time.Duration
		ok                bool
	}{
		"at once":              {0, 3, second, 2, []time.Duration{0}, true},
		"grows":                {3, 3, second, 2, []time.Duration{0, second, 3 * second, 7 * second}, true},
		"too often":            {9, 2, second, 3, []time.Duration{0, second, 4 * second}, false},
		"no growth":            {3, 3, second, 1, []time.Duration{0, second, 2 * second, 3 * second}, true},
		"growth not given":     {2, 2, second, 0, []time.Duration{0, second, 2 * second}, true},
		"no delay":             {2, 2, 0, 2, []time.Duration{0, 0, 0}, true},
		"no retries":           {9, 0, second, 2, []time.Duration{0}, false},
		"retries below zero":   {9, -1, second, 2, []time.Duration{0}, false},
		"a minute at most":     {3, 3, 20 * second, 2, []time.Duration{0, 20 * second, 60 * second, 120 * second}, true},
		"a minute, or the one": {2, 2, time.Hour, 2, []time.Duration{0, time.Hour, 2 * time.Hour}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var at []time.Duration
				try := failingFirst(c.failures, func() { at = append(at, time.Since(began)) })
				handle := bus.WithRetry(func(context.Context, *bus.Event) (any, error) {
					if err := try(); err != nil {
						panic(err)
					}
					return 5, nil
				}, c.retries, c.delay, c.backoff)
				result, err := handle(t.Context(), event("a"))
				assert.Equal(t, c.at, at)
				if c.ok {
					assert.NoError(t, err)
					assert.Equal(t, 5, result)
					return
				}
				assert.EqualError(t, err, "panic: not yet")
			})
		})
	}
}

func TestWithRetry_EndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, delay := range []time.Duration{0, 24 * time.Hour} {
		tries := 0
		_, err := bus.WithRetry(func(context.Context, *bus.Event) (any, error) {
			tries++
			cancel()
			return nil, assert.AnError
		}, 5, delay, 2)(ctx, event("a"))
		assert.ErrorIs(t, err, assert.AnError)
		assert.Equal(t, 1, tries)
	}
}
