package bus

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// LoggingMiddleware logs each event before (at debug level) and after (info) it
// is handled, and each error (error). A nil log is slog.Default().
func LoggingMiddleware(log *slog.Logger, name string) Middleware {
	log = orDefault(log)
	return Middleware{
		Name: "logging",
		Before: func(ctx context.Context, e *Event) (bool, error) {
			log.DebugContext(ctx, "an event is being handled", "subscriber", name, "channel", e.Channel)
			return true, nil
		},
		After: func(ctx context.Context, e *Event, _ any) error {
			log.InfoContext(ctx, "an event has been handled", "subscriber", name, "channel", e.Channel)
			return nil
		},
		Error: func(ctx context.Context, e *Event, err error) Outcome {
			log.ErrorContext(ctx, "an event could not be handled", "subscriber", name, "channel", e.Channel, "attempt", Attempt(ctx), "error", err)
			return Propagate
		},
	}
}

// TimingMiddleware tells observe how long the handler took, each time that it
// ran, whatever came of it. A nil observe logs it at debug level.
func TimingMiddleware(observe func(*Event, time.Duration)) Middleware {
	if observe == nil {
		observe = func(e *Event, took time.Duration) {
			slog.Debug("a subscriber's handler has run", "channel", e.Channel, "took", took)
		}
	}
	return Middleware{
		Name: "timing",
		Around: func(next Handler) Handler {
			return func(ctx context.Context, e *Event) (any, error) {
				began := time.Now()
				defer func() { observe(e, time.Since(began)) }()
				return next(ctx, e)
			}
		},
	}
}

// RateLimitMiddleware skips an event when max have passed within the last window
// of time. Subscribers that use the same value share the limit. It panics when
// max or window is not above zero.
func RateLimitMiddleware(max int, window time.Duration) Middleware {
	limiter := newRateLimiter(max, window)
	return Middleware{
		Name:   "rateLimit",
		Before: func(context.Context, *Event) (bool, error) { return limiter.allow(""), nil },
	}
}

// ValidationMiddleware has only those events handled for which validate returns
// nil. For others its error goes to the Error of the middleware.
func ValidationMiddleware(validate func(*Event) error) Middleware {
	return Middleware{
		Name: "validation",
		Before: func(_ context.Context, e *Event) (bool, error) {
			if err := validate(e); err != nil {
				return false, invalid(err)
			}
			return true, nil
		},
	}
}

func invalid(err error) error { return fmt.Errorf("not a valid event: %w", err) }

// RecoveryMiddleware has what failed tried again, up to the number of retries:
// after the delay, which doubles each time up to a minute. The last error
// propagates, at once when the context ends. The subscriber's other events wait
// meanwhile.
func RecoveryMiddleware(maxRetries int, delay time.Duration) Middleware {
	return Middleware{
		Name: "recovery",
		Error: func(ctx context.Context, _ *Event, _ error) Outcome {
			retry := Attempt(ctx) - 1
			if retry >= maxRetries || !pause(ctx, backoffDelay(delay, 2, retry)) {
				return Propagate
			}
			return Retry
		},
	}
}
