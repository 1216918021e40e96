package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// worker is one place among a parent's workers, which it keeps filled: a process
// that ends is followed by another, and one that serves can be replaced. But for
// beReplaced and reload, it belongs to the goroutine of begin and run.
type worker struct {
	assignment
	admin    *os.File
	force    context.Context // kills all processes when it ends
	limits   limits
	log      *slog.Logger
	requests chan chan<- replacement
	backoff  backoff
	retiring sync.WaitGroup

	mu     sync.Mutex
	living []*process // that have been started and not been seen to have ended
}

// limits are how long a parent waits for its workers.
type limits struct {
	start  time.Duration // to serve
	retire time.Duration // to make way for another one
}

// replacement is the answer to a request for one: gone is closed when the old
// process has gone. With an error there is none, and the old one goes on.
type replacement struct {
	gone <-chan struct{}
	err  error
}

// begin starts a process and waits until it serves. Nothing is left of one that
// does not, or when ctx ends before.
func (w *worker) begin(ctx context.Context, replaces bool) (*process, error) {
	a := w.assignment
	a.Replaces = replaces
	p, err := launch(w.force, a, w.admin)
	if err != nil {
		return nil, err
	}
	w.remember(p)
	if err := p.awaitReady(ctx, w.limits.start); err != nil {
		return nil, err
	}
	w.log.Info("worker is ready", "pid", p.pid())
	return p, nil
}

// remember notes a process, to be told of what reload tells.
func (w *worker) remember(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.living = append(slices.DeleteFunc(w.living, (*process).hasExited), p)
}

// reload has the place's processes reload, those that do not serve yet or any more
// among them. Any goroutine may call it.
func (w *worker) reload() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.living {
		say(p.control, word{Reload: true})
	}
}

// run keeps the place filled, at first by p, until ctx ends. Then the place's
// processes drain. It reports whether the last one has.
func (w *worker) run(ctx context.Context, p *process) (drained bool) {
	defer w.retiring.Wait()
	for p != nil {
		select {
		case <-ctx.Done():
			return w.end(p)
		case <-p.exited:
			p = w.restart(ctx, p)
		case answer := <-w.requests:
			p = w.replace(ctx, p, answer)
		}
	}
	return true
}

// end has a process drain, and reports whether it has.
func (w *worker) end(p *process) (drained bool) {
	p.terminate()
	<-p.exited
	if p.err != nil {
		w.log.Error("worker has not drained", "pid", p.pid(), "status", p.status())
	}
	return p.err == nil
}

// restart puts another process in the place of one that has ended, however often
// that takes. It returns nil when ctx ends.
func (w *worker) restart(ctx context.Context, dead *process) *process {
	w.log.Error("worker has ended", "pid", dead.pid(), "status", dead.status())
	w.backoff.served(time.Since(dead.since))
	for {
		wait := w.backoff.next()
		w.Restarts++
		w.log.Info("worker is started again", "in", wait, "restarts", w.Restarts)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		next, err := w.begin(ctx, false)
		if err == nil {
			return next
		}
		if ctx.Err() != nil {
			return nil
		}
		w.log.Error("worker could not start", "error", err)
	}
}

// replace starts another process and, once it serves, retires the old one. It
// returns the one that is to serve from now on.
func (w *worker) replace(ctx context.Context, old *process, answer chan<- replacement) *process {
	next, err := w.begin(ctx, true)
	if err != nil {
		answer <- replacement{err: err}
		return old
	}
	gone := make(chan struct{})
	w.retiring.Go(func() {
		defer close(gone)
		if err := old.retire(ctx, w.limits.retire); err != nil {
			w.log.Warn("replaced worker has not ended well", "pid", old.pid(), "status", old.status())
			return
		}
		w.log.Info("replaced worker has gone", "pid", old.pid())
	})
	answer <- replacement{gone: gone}
	return next
}

// beReplaced asks for a replacement and waits until the old process has gone. It
// reports false when it goes on, or when ctx ends. Any goroutine may call it.
func (w *worker) beReplaced(ctx context.Context) bool {
	answer := make(chan replacement, 1)
	select {
	case w.requests <- answer:
	case <-ctx.Done():
		return false
	}
	r := <-answer
	if r.err != nil {
		if ctx.Err() == nil {
			w.log.Error("worker could not be replaced and goes on, as do those behind it", "error", r.err)
		}
		return false
	}
	<-r.gone
	return true
}
