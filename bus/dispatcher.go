package bus

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// DispatcherOptions configure a Dispatcher. A field's zero value means its
// default.
type DispatcherOptions struct {
	// Patience is how long a subscriber waits for one of higher priority that
	// has not handled the event yet. Then that one is behind, and nobody waits
	// for it until it has caught up: nothing waits in its queue. A negative
	// value has nobody wait, and priorities mean nothing. 0: 100ms.
	Patience time.Duration
	// Log takes what goes wrong, of each subscriber at most one failure and one
	// report of dropped events a second. Nil: slog.Default().
	Log *slog.Logger
}

const defaultPatience = 100 * time.Millisecond

// Dispatcher hands events to the subscribers that they are for. Each subscriber
// has a goroutine and a bounded queue of its own, so that a slow one delays
// itself: those behind it in priority wait for it only as long as
// DispatcherOptions.Patience says, and whoever dispatches waits for nothing. Any
// goroutine may call the methods.
type Dispatcher struct {
	options  DispatcherOptions
	routes   atomic.Pointer[routing]
	dropping chan struct{} // has room for one: there is a drop to report

	mu   sync.Mutex // for changes of routes, and what follows
	life *life      // the last one; nil before the first
}

// NewDispatcher returns a dispatcher, which does not run yet.
func NewDispatcher(options DispatcherOptions) *Dispatcher {
	if options.Patience == 0 {
		options.Patience = defaultPatience
	}
	options.Log = orDefault(options.Log)
	d := &Dispatcher{options: options, dropping: make(chan struct{}, 1)}
	d.routes.Store(&routing{})
	return d
}

// Add adds a subscriber. The error is a sentence about what is wrong with it, or
// says that the dispatcher runs.
func (d *Dispatcher) Add(s Subscriber) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	routes := d.routes.Load()
	w, err := newWorker(s, len(routes.order)+1, &d.options)
	switch {
	case err != nil:
		return err
	case d.life.running():
		return fmt.Errorf("subscriber %q comes too late: the dispatcher runs", w.subscriber.Name)
	case routes.has(w.subscriber.Name):
		return fmt.Errorf("subscriber %q is there already: figures and logs need different names", w.subscriber.Name)
	}
	d.routes.Store(routes.with(w))
	return nil
}

// Dispatch hands an event to the subscribers that it may be for. It waits for
// nothing and calls no code of theirs, so an event loop may call it. A subscriber
// whose queue is full does not get the event, nor does any while the dispatcher
// does not run; that is counted.
func (d *Dispatcher) Dispatch(e *Event) {
	workers := d.routes.Load().to(e.Channel)
	tasks := newTasks(e, workers)
	for i, w := range workers {
		if !w.queue.push(&tasks[i]) {
			w.dropped.Add(1)
			tasks[i].finish()
			d.wantReport()
		}
	}
}

// Wants reports whether there is a subscriber that an event on the channel may be
// for. It costs a look into a map.
func (d *Dispatcher) Wants(channel string) bool { return len(d.routes.Load().to(channel)) > 0 }

// Channels returns the channels that subscribers name, sorted, and whether there
// are subscribers that may match on any channel. The slice is the caller's.
func (d *Dispatcher) Channels() (names []string, all bool) { return d.routes.Load().channels() }
