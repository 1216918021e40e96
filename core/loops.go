package core

import (
	"fmt"
	"sync/atomic"

	"github.com/gannet-ws/gannet/shard"
)

// loops are the server's event loops by their shards' numbers. Any goroutine
// may read them.
type loops [maxLoops]atomic.Pointer[loop]

// loop returns the loop of a shard, nil when there is none.
func (s *Server) loop(index uint8) *loop { return s.loops[index].Load() }

// running yields all loops.
func (s *Server) running(yield func(*loop) bool) {
	for i := range s.loops {
		l := s.loops[i].Load()
		if l == nil || !yield(l) {
			return
		}
	}
}

// openLoops makes the loops, which listen and do not run yet.
func (s *Server) openLoops() error {
	s.nameRoutes()
	for i := range s.options.Loops {
		l, err := newLoop(s, i)
		if err == nil {
			s.loops[i].Store(l)
			err = l.listen()
		}
		if err != nil {
			return fmt.Errorf("cannot start the event loops: %w", err)
		}
	}
	return nil
}

// removeLoops forgets the loops, which have ended.
func (s *Server) removeLoops() {
	for i := range s.loops {
		if l := s.loops[i].Swap(nil); l != nil {
			s.keepEnded(l)
			close(l.ended)
		}
	}
}

// ring has the shards' loops take turns.
func (s *Server) ring(shards shard.ShardSet) {
	for i := range shards.All {
		if l := s.loop(i); l != nil {
			l.poll.Wake()
		}
	}
}
