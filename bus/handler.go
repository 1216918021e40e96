package bus

import (
	"context"
	"log/slog"
	"time"
)

// Handler handles an event. It runs on its subscriber's goroutine and may block:
// the subscriber's other events wait for it, those of others only as long as
// DispatcherOptions.Patience says. The context ends when the dispatcher stops.
// The result is for middleware, see Middleware.After. A panic becomes a
// *PanicError.
type Handler func(ctx context.Context, e *Event) (result any, err error)

// WithErrorHandler has an error of the handler, a panic among them, handled by
// onError: it goes no further, and the result is nil.
func WithErrorHandler(handle Handler, onError func(ctx context.Context, e *Event, err error)) Handler {
	return func(ctx context.Context, e *Event) (any, error) {
		result, err := call(ctx, handle, e)
		if err == nil {
			return result, nil
		}
		onError(ctx, e, err)
		return nil, nil
	}
}

// WithLogging logs each time that the handler begins (at debug level), is done
// (info) or fails (error). A nil log is slog.Default().
func WithLogging(handle Handler, log *slog.Logger, name string) Handler {
	log = orDefault(log)
	return func(ctx context.Context, e *Event) (any, error) {
		attributes := []any{"handler", name, "channel", e.Channel}
		log.DebugContext(ctx, "an event is being handled", attributes...)
		began := time.Now()
		result, err := call(ctx, handle, e)
		attributes = append(attributes, "took", time.Since(began))
		if err != nil {
			log.ErrorContext(ctx, "an event could not be handled", append(attributes, "error", err)...)
			return result, err
		}
		log.InfoContext(ctx, "an event has been handled", attributes...)
		return result, nil
	}
}

// WithValidation has only those events handled for which validate returns nil.
// Its error is the result for others.
func WithValidation(validate func(*Event) error, handle Handler) Handler {
	return func(ctx context.Context, e *Event) (any, error) {
		if err := validate(e); err != nil {
			return nil, invalid(err)
		}
		return handle(ctx, e)
	}
}

// WithFilter has only those events handled for which keep returns true. For
// others result and error are nil.
func WithFilter(keep func(*Event) bool, handle Handler) Handler {
	return func(ctx context.Context, e *Event) (any, error) {
		if !keep(e) {
			return nil, nil
		}
		return handle(ctx, e)
	}
}

// Compose is the handlers in order, of which the first error is the last. The
// result is that of the last handler.
func Compose(handlers ...Handler) Handler {
	return func(ctx context.Context, e *Event) (result any, err error) {
		for _, handle := range handlers {
			if result, err = handle(ctx, e); err != nil {
				return nil, err
			}
		}
		return result, nil
	}
}

func orDefault(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.Default()
	}
	return log
}
