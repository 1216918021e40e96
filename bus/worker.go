package bus

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// worker runs a subscriber. While the dispatcher runs, one goroutine does work;
// what other goroutines use too is atomic or has a lock.
type worker struct {
	subscriber Subscriber
	matcher    Matcher
	flow       flow
	patience   time.Duration
	log        *slog.Logger

	queue *taskQueue
	lag   atomic.Pointer[lag]
	idle  chan struct{} // received from when nothing waits
	busy  atomic.Bool   // it does something

	handled, failed, skipped, dropped, overtaken atomic.Uint64

	failureLogged    time.Time
	failuresUnlogged int
	dropsLogged      uint64 // of dropped; reportDrops alone uses it
}

func newWorker(s Subscriber, number int, options *DispatcherOptions) (*worker, error) {
	s.populate(number)
	if err := s.validate(); err != nil {
		return nil, err
	}
	matcher, err := s.matcher()
	if err != nil {
		return nil, err
	}
	return &worker{
		subscriber: s,
		matcher:    matcher,
		flow:       newFlow(s.Handle, s.Middleware),
		patience:   options.Patience,
		log:        options.Log,
		queue:      newTaskQueue(s.MaxQueue),
		idle:       make(chan struct{}),
	}, nil
}

// start lets events come.
func (w *worker) start() {
	w.lag.Store(newLag())
	w.queue.start()
}

// shut lets no more events come, and drops those that wait.
func (w *worker) shut() { w.dropped.Add(uint64(w.queue.shut())) }

// work handles events until the context ends.
func (w *worker) work(ctx context.Context) {
	for {
		t := w.queue.first()
		if t == nil {
			w.catchUp()
			select {
			case <-w.queue.wake:
			case <-w.idle:
			case <-ctx.Done():
				return
			}
			continue
		}
		w.busy.Store(true)
		stopped := !w.perform(ctx, t)
		w.busy.Store(false)
		if stopped {
			return
		}
	}
}

// perform does the first task. It reports false when the dispatcher has stopped,
// and the task has been dropped. One that does not match waits for nobody.
func (w *worker) perform(ctx context.Context, t *task) bool {
	matched, err := w.matches(t.event)
	if matched && !w.awaitTurn(ctx, t) || !w.queue.pop() {
		return false
	}
	defer t.finish()
	switch {
	case err != nil:
		w.fail(t.event, err)
	case matched:
		w.handle(ctx, t.event)
	}
	return true
}

func (w *worker) matches(e *Event) (matched bool, err error) {
	err = protect(func() error {
		matched = w.matcher.matches(e)
		return nil
	})
	return matched, err
}

func (w *worker) handle(ctx context.Context, e *Event) {
	skipped, err := w.flow.run(ctx, e)
	switch {
	case err != nil:
		w.fail(e, err)
	case skipped:
		w.skipped.Add(1)
	default:
		w.handled.Add(1)
	}
}
