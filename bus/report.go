package bus

import (
	"context"
	"errors"
	"time"
)

// logInterval keeps a subscriber from filling the log. The figures count all.
const logInterval = time.Second

// fail counts an error, and logs it if none has been for a while. It runs on the
// worker's goroutine.
func (w *worker) fail(e *Event, err error) {
	w.failed.Add(1)
	now := time.Now()
	if now.Sub(w.failureLogged) < logInterval {
		w.failuresUnlogged++
		return
	}
	w.logFailure(e, err)
	w.failureLogged, w.failuresUnlogged = now, 0
}

func (w *worker) logFailure(e *Event, err error) {
	attributes := []any{"subscriber", w.subscriber.Name, "channel", e.Channel, "error", err, "unlogged", w.failuresUnlogged}
	if p := (*PanicError)(nil); errors.As(err, &p) {
		attributes = append(attributes, "stack", string(p.Stack))
	}
	w.log.Error("a subscriber failed", attributes...)
}

// wantReport has drops logged. Any goroutine may call it; it never waits.
func (d *Dispatcher) wantReport() {
	select {
	case d.dropping <- struct{}{}:
	default:
	}
}

// reportDrops logs drops as long as the dispatcher runs, with a pause after each
// report, and what Stop has dropped. It has a goroutine of its own, as those who
// dispatch must not log and those who are slow cannot.
func (d *Dispatcher) reportDrops(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-d.dropping:
			d.logDrops()
			pause(ctx, logInterval)
		case <-ctx.Done():
		}
	}
	d.logDrops()
}

// logDrops logs what has been dropped since the last time.
func (d *Dispatcher) logDrops() {
	for _, w := range d.routes.Load().order {
		dropped := w.dropped.Load()
		if dropped == w.dropsLogged {
			continue
		}
		d.options.Log.Warn("events for a subscriber were dropped: it is too slow, or the dispatcher has been stopped",
			"subscriber", w.subscriber.Name, "dropped", dropped-w.dropsLogged)
		w.dropsLogged = dropped
	}
}
