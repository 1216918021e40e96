package main

import (
	"time"

	"github.com/gannet-ws/gannet/core"
)

// A server gives signs of life to who has started it, a service manager or a parent
// of workers, as long as all its event loops answer. Within a pulse one of them has
// to come, or who waits for them kills the process and starts another.

// beat calls alive four times within each pulse, if all is well at that time, until
// the returned function is called. With a pulse of 0 it never does.
func beat(pulse time.Duration, well func() bool, alive func()) (stop func()) {
	if pulse == 0 {
		return func() {}
	}
	ticker := time.NewTicker(max(pulse/4, time.Millisecond))
	stopped := make(chan struct{})
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-ticker.C:
				if well() {
					alive()
				}
			}
		}
	}()
	return func() { close(stopped) }
}

// answering returns a function that reports whether no event loop of a server has
// kept a question waiting for half a pulse.
func answering(server *core.Server, pulse time.Duration) (well func() bool) {
	return func() bool {
		return server.Health().LoopLagMillis < float64(pulse/2)/float64(time.Millisecond)
	}
}

// watchdog bites when signs of life that have come fail to come for a pulse, and never
// with a pulse of 0. It belongs to the goroutine that hears them; bite is called on
// another one.
type watchdog struct {
	pulse time.Duration
	bite  func()
	timer *time.Timer
}

// heard tells of a sign of life.
func (w *watchdog) heard() {
	switch {
	case w.pulse == 0:
	case w.timer == nil:
		w.timer = time.AfterFunc(w.pulse, w.bite)
	default:
		w.timer.Reset(w.pulse)
	}
}

// leave has the watchdog bite no more.
func (w *watchdog) leave() {
	if w.timer != nil {
		w.timer.Stop()
	}
}
