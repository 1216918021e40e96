package bus

import "context"

// Middleware stands around a subscriber's handler. Its functions, each of which
// may be nil, run on the subscriber's goroutine; a panic of one is its error.
// Where a Middleware is used by several subscribers, they run at the same time.
//
// For each event there are these phases:
//
//   - Before of all middleware, in the order of the list. The first that returns
//     false ends it: there is no handler, no After and no Error, and the event
//     counts as skipped.
//   - The handler, within the Around of all middleware.
//   - After of all, in the order of the list, if the handler returned no error.
//   - Error of all, in the order of the list, if anything before this returned
//     an error, until one returns something other than Propagate. The error is
//     the subscriber's when none does: it is logged, and the event counts as
//     failed.
type Middleware struct {
	Name   string
	Before func(ctx context.Context, e *Event) (proceed bool, err error)
	After  func(ctx context.Context, e *Event, result any) error
	Error  func(ctx context.Context, e *Event, err error) Outcome

	// Around returns what is called in place of the handler, and calls next:
	// for what has to be on both sides of it. The first of the list is
	// outermost. It is called once, by Dispatcher.Add.
	Around func(next Handler) Handler
}

// Outcome is what becomes of an error.
type Outcome uint8

// The outcomes.
const (
	// Propagate leaves the error to the next middleware.
	Propagate Outcome = iota
	// Suppress ends it: the event counts as handled.
	Suppress
	// Retry goes on from where it failed: with the Before that did, or else
	// with the handler, whose After follow again. Attempt tells how often: who
	// never gives up keeps the subscriber at it until the dispatcher stops.
	Retry
)

type attemptKey struct{}

// Attempt returns how often it has been tried to handle an event, this time
// included, from the context that a Handler or a Middleware got: 1, and one more
// for each Retry.
func Attempt(ctx context.Context) int {
	if n, ok := ctx.Value(attemptKey{}).(int); ok {
		return n
	}
	return 1
}
