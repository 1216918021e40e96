package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// life is the time from one Start to the return of its last goroutine after Stop.
type life struct {
	ctx   context.Context // the handlers'
	stop  context.CancelFunc
	ended chan struct{} // closed when its goroutines have returned
}

func newLife() *life {
	l := &life{ended: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// running reports whether any of its goroutines may be there. There may be no
// life.
func (l *life) running() bool {
	if l == nil {
		return false
	}
	select {
	case <-l.ended:
		return false
	default:
		return true
	}
}

// Start begins to hand out events. It returns an error when the dispatcher runs,
// as it does until all handlers have returned after Stop.
func (d *Dispatcher) Start() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.running() {
		return errors.New("the dispatcher runs already")
	}
	life := newLife()
	workers := d.routes.Load().order
	for _, w := range workers {
		w.start()
	}
	var group sync.WaitGroup
	group.Go(func() { d.reportDrops(life.ctx) })
	for _, w := range workers {
		group.Go(func() { w.work(life.ctx) })
	}
	go func() {
		group.Wait()
		close(life.ended)
	}()
	d.life = life
	return nil
}

// Stop ends the context of the handlers, drops the events that wait, which are
// counted, and waits until the handlers that run have returned. The error says
// which have not when ctx ends; they go on, and Stop can be called again. A
// handler cannot call it without waiting for itself.
func (d *Dispatcher) Stop(ctx context.Context) error {
	life := d.halt()
	if life == nil {
		return nil
	}
	select {
	case <-life.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("subscribers have not returned (%s): %w", strings.Join(d.busy(), ", "), ctx.Err())
	}
}

// halt has the subscribers begin nothing more.
func (d *Dispatcher) halt() *life {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life == nil {
		return nil
	}
	for _, w := range d.routes.Load().order {
		w.shut()
	}
	d.life.stop()
	return d.life
}

// busy returns the names of the subscribers that do something.
func (d *Dispatcher) busy() (names []string) {
	for _, w := range d.routes.Load().order {
		if w.busy.Load() {
			names = append(names, w.subscriber.Name)
		}
	}
	return names
}

var errNotRunning = errors.New("the dispatcher does not run")

// Drain waits until the events that have been dispatched before are handled, or
// dropped; while more come without a pause, it waits for those too. Before Stop
// it lets the subscribers finish. The error is that of ctx, or says that the
// dispatcher does not run.
func (d *Dispatcher) Drain(ctx context.Context) error {
	d.mu.Lock()
	life := d.life
	d.mu.Unlock()
	if life == nil {
		return errNotRunning
	}
	for _, w := range d.routes.Load().order {
		if err := life.awaitIdle(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// awaitIdle waits until a worker has had nothing to do twice: the first time it
// may have looked into its queue before this was called.
func (l *life) awaitIdle(ctx context.Context, w *worker) error {
	for range 2 {
		select {
		case w.idle <- struct{}{}:
		case <-l.ctx.Done():
			return errNotRunning
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
