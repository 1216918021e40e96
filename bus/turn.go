package bus

import (
	"context"
	"sync"
	"time"
)

// Turns keep the order of priorities: for one event, a worker begins when those
// before it are done. Each waits only for those of higher priority, so that no
// two can wait for each other.

// lag says that a subscriber is behind, so that nobody waits for it. Whoever has
// lost patience calls fall; the worker replaces it when it has caught up.
type lag struct {
	once   sync.Once
	behind chan struct{} // closed when it is
}

func newLag() *lag { return &lag{behind: make(chan struct{})} }

func (l *lag) fall() { l.once.Do(func() { close(l.behind) }) }

// awaitTurn waits for those who come before. It reports false when the context
// has ended.
func (w *worker) awaitTurn(ctx context.Context, t *task) bool {
	if w.patience < 0 {
		return true
	}
	for i := range t.before {
		if !w.await(ctx, &t.before[i]) {
			return false
		}
	}
	return true
}

// await waits until another's task is done or the other is behind, as it is when
// patience ends.
func (w *worker) await(ctx context.Context, t *task) bool {
	lag := t.worker.lag.Load()
	select {
	case <-t.done:
		return true
	default:
	}
	timer := time.NewTimer(w.patience)
	defer timer.Stop()
	select {
	case <-t.done:
		return true
	case <-ctx.Done():
		return false
	case <-lag.behind:
	case <-timer.C:
		lag.fall()
	}
	if t.overtaken.CompareAndSwap(false, true) {
		t.worker.overtaken.Add(1)
	}
	return true
}

// catchUp has others wait for the subscriber again: nothing waits for it.
func (w *worker) catchUp() {
	select {
	case <-w.lag.Load().behind:
		w.lag.Store(newLag())
	default:
	}
}
