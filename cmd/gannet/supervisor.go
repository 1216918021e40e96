package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// supervisor is a parent's work: it starts the workers, keeps them running, and
// acts on signals.
type supervisor struct {
	workers []*worker
	manager *manager // of the service, nil if there is none
	log     *slog.Logger
	rolls   chan struct{} // requests to replace all workers; one may wait
	reloads *reloader
	kill    context.CancelFunc
}

// run serves until ctx ends or a signal says so, and returns nil when all workers
// have drained then. If some cannot even start it ends the others and returns
// that worker's error.
func (s *supervisor) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer s.heedSignals(stop)()
	processes, err := s.begin(ctx)
	if processes == nil {
		return err
	}
	s.log.Info("all workers serve", "workers", len(s.workers), "pid", os.Getpid())
	s.manager.ready()
	stopping := make(chan time.Time, 1)
	defer context.AfterFunc(ctx, func() { stopping <- time.Now(); s.manager.stopping() })()
	defer beat(s.manager.wantedPulse(), func() bool { return true }, s.manager.alive)() // the workers have their own
	var running sync.WaitGroup
	var failed atomic.Bool
	for k, p := range processes {
		running.Go(func() {
			if !s.workers[k].run(ctx, p) {
				failed.Store(true)
			}
		})
	}
	running.Go(func() { s.rollOnRequest(ctx) })
	running.Go(func() { s.reloads.run(ctx) })
	running.Wait()
	s.log.Info("stopped", "duration", time.Since(<-stopping))
	if failed.Load() {
		return errors.New("not all workers have drained")
	}
	return nil
}

// begin starts all workers: one first, which tells in one sentence what all would
// complain of. When ctx ends before they are ready it returns none, and no error.
func (s *supervisor) begin(ctx context.Context) ([]*process, error) {
	processes := make([]*process, len(s.workers))
	var err error
	if processes[0], err = s.workers[0].begin(ctx, false); err == nil {
		err = s.beginOthers(ctx, processes)
	}
	if err == nil {
		return processes, nil
	}
	for k, p := range processes {
		if p != nil {
			s.workers[k].end(p)
		}
	}
	if ctx.Err() != nil {
		return nil, nil
	}
	return nil, err
}

// beginOthers starts the workers but the first, at once, and returns the first
// error of one of them.
func (s *supervisor) beginOthers(ctx context.Context, processes []*process) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beginning sync.WaitGroup
	for k := 1; k < len(s.workers); k++ {
		beginning.Go(func() {
			var err error
			if processes[k], err = s.workers[k].begin(ctx, false); err != nil {
				cancel(err)
			}
		})
	}
	beginning.Wait()
	return context.Cause(ctx)
}

// reloadWorkers has the workers reload, as a step of the parent's own reloading.
func (s *supervisor) reloadWorkers(*serveCommand) (changed string, err error) {
	for _, w := range s.workers {
		w.reload()
	}
	return "", nil
}

// rollOnRequest replaces the workers each time that it is asked to, until ctx ends.
func (s *supervisor) rollOnRequest(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.rolls:
			s.roll(ctx)
		}
	}
}

// roll replaces the workers one after another, until one goes on as it is.
func (s *supervisor) roll(ctx context.Context) {
	s.log.Info("the workers are replaced one after another")
	for _, w := range s.workers {
		if !w.beReplaced(ctx) {
			return
		}
	}
	s.log.Info("all workers have been replaced")
}

// heedSignals acts on signals until the returned function is called: SIGINT and
// SIGTERM stop, a second one kills, SIGUSR2 replaces the workers, SIGHUP reloads.
func (s *supervisor) heedSignals(stop context.CancelFunc) (ignore func()) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR2, syscall.SIGHUP)
	ended := make(chan struct{})
	var heeding sync.WaitGroup
	heeding.Go(func() {
		for {
			select {
			case got := <-signals:
				stop = s.heed(got, stop)
			case <-ended:
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(ended)
		heeding.Wait()
	}
}

// heed acts on a signal, and returns what the next one that ends the process is
// to call.
func (s *supervisor) heed(got os.Signal, end context.CancelFunc) (next context.CancelFunc) {
	switch got {
	case syscall.SIGUSR2:
		select {
		case s.rolls <- struct{}{}:
		default:
			s.log.Info("a replacement of the workers waits already")
		}
		return end
	case syscall.SIGHUP:
		s.reloads.request()
		return end
	}
	s.log.Info("stopping", "signal", got.String())
	end()
	return s.kill
}
