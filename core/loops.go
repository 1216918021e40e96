package core

import (
	"sync"
	"sync/atomic"

	"github.com/panjf2000/gnet/v2"

	"github.com/gannet-ws/gannet/shard"
)

// loops are the server's event loops by their shards' numbers. Any goroutine
// may read them.
type loops struct {
	mu sync.Mutex // held while one is added
	by [maxLoops]atomic.Pointer[loop]
}

// loop returns the loop of a shard, nil when there is none.
func (s *Server) loop(index uint8) *loop { return s.loops.by[index].Load() }

// running yields all loops.
func (s *Server) running(yield func(*loop) bool) {
	for i := range s.loops.by {
		l := s.loops.by[i].Load()
		if l == nil || !yield(l) {
			return
		}
	}
}

// loopOf returns what belongs to a gnet event loop. It is made when the first
// connection opens there: before, gnet does not tell which loops there are.
func (s *Server) loopOf(events gnet.EventLoop) (*loop, error) {
	for l := range s.running {
		if l.events == events {
			return l, nil
		}
	}
	s.loops.mu.Lock()
	defer s.loops.mu.Unlock()
	index := 0
	for range s.running {
		index++
	}
	l, err := newLoop(s, events, index)
	if err == nil {
		s.loops.by[index].Store(l)
	}
	return l, err
}

// removeLoops forgets the loops of an engine that has ended.
func (s *Server) removeLoops() {
	s.loops.mu.Lock()
	defer s.loops.mu.Unlock()
	for i := range s.loops.by {
		if l := s.loops.by[i].Swap(nil); l != nil {
			l.bell.remove()
			s.keepEnded(l)
			close(l.ended)
		}
	}
}

// ring rings the bells of the shards' loops.
func (s *Server) ring(shards shard.ShardSet) {
	for i := range shards.All {
		if l := s.loop(i); l != nil {
			l.bell.ring()
		}
	}
}
