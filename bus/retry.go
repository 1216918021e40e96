package bus

import (
	"context"
	"time"
)

// longestBackoff bounds the wait before a retry, unless the first one is meant
// to be longer: doubling a second twenty times makes twelve days.
const longestBackoff = time.Minute

// WithRetry has a handler that fails, or panics, try again up to the number of
// retries: after the delay, which is multiplied by backoff each time (1 or less
// keeps it) up to a minute. The last error is the result, at once when the
// context ends. The subscriber's other events wait meanwhile.
func WithRetry(handle Handler, retries int, delay time.Duration, backoff float64) Handler {
	return func(ctx context.Context, e *Event) (any, error) {
		for retry := 0; ; retry++ {
			result, err := call(ctx, handle, e)
			if err == nil || retry >= retries || !pause(ctx, backoffDelay(delay, backoff, retry)) {
				return result, err
			}
		}
	}
}

// backoffDelay is the time to wait before a retry, of which 0 is the first.
func backoffDelay(delay time.Duration, factor float64, retry int) time.Duration {
	longest := max(delay, longestBackoff)
	grown := float64(delay)
	for range retry {
		if factor <= 1 || grown >= float64(longest) {
			break
		}
		grown *= factor
	}
	if grown >= float64(longest) {
		return longest
	}
	return time.Duration(grown)
}

// pause waits, and reports false when the context has ended.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
