package core

import (
	"context"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// retireStep is the time between two looks at how many clients of a server that
// retires should have been closed.
const retireStep = 20 * time.Millisecond

// Retire has a server that runs make way for another one: new upgrades are
// refused from now on, and the clients are closed with 1012 one after another,
// evenly over DrainTimeout, so that they do not all come to the other at once.
// Until its turn each is served as before. When the last one has gone Run
// returns, as if its ctx had ended; if that ends before, all who are left are
// closed at once. Retire does not wait, and does nothing to a server that does
// not run. Any goroutine may call it.
func (s *Server) Retire() {
	if state := s.State(); state == StateNew || state == StateStopped {
		return
	}
	now := s.life.Load()
	now.retiring.Do(func() { close(now.retired) })
}

// retire begins to close the clients, evenly over DrainTimeout. It returns when
// it has come to the last one, when nobody is left, or when ctx ends.
func (s *Server) retire(ctx context.Context) {
	s.state.Store(int32(StateDraining))
	step := time.NewTicker(retireStep)
	defer step.Stop()
	began, done := time.Now(), 0.0
	for done < 1 && s.directory.Clients() > 0 {
		select {
		case <-step.C:
		case <-ctx.Done():
			return
		}
		due := min(1, time.Since(began).Seconds()/s.options.DrainTimeout.Seconds())
		s.closeShare(done, due)
		done = due
	}
}

// closeShare begins to close the clients between two shares, 0 to 1, of each
// loop's slots.
func (s *Server) closeShare(from, to float64) {
	for l := range s.running {
		l.post(shard.Op{Call: func(sh *shard.Shard) {
			slots := float64(sh.Slots())
			l.closeSlots(int(from*slots), int(to*slots))
		}})
	}
}
