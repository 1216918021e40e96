package core

import (
	"context"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// jsonPing is the guide's heartbeat.
var jsonPing, _ = NewMessage("system", "ping", nil)

// tick is the one goroutine that knows the time for all loops: it has them
// sweep at an interval, and look at full sockets while there are any.
func (s *Server) tick(ctx context.Context) {
	sweep := time.NewTicker(s.options.sweepInterval())
	defer sweep.Stop()
	sample := time.NewTicker(sampleInterval)
	defer sample.Stop()
	retry := time.NewTimer(retryInterval)
	defer retry.Stop()
	var heartbeat <-chan time.Time
	if every := s.options.JSONPingInterval; every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		heartbeat = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			for l := range s.running {
				l.sweepDue.Store(true)
				l.bell.ring()
			}
		case <-sample.C:
			s.sampleLoops()
		case <-heartbeat:
			for l := range s.running {
				l.post(shard.Op{To: shard.ToAll, Message: jsonPing})
			}
		case <-s.retry:
			retry.Reset(retryInterval)
		case <-retry.C:
			if s.retryBlocked() {
				retry.Reset(retryInterval)
			}
		}
	}
}

// retryBlocked wakes the loops that have full sockets.
func (s *Server) retryBlocked() (any bool) {
	for l := range s.running {
		if l.blocked.Load() {
			l.retryDue.Store(true)
			l.bell.ring()
			any = true
		}
	}
	return any
}

// wantRetry asks for retries to begin. It never waits.
func (s *Server) wantRetry() {
	select {
	case s.retry <- struct{}{}:
	default:
	}
}

// now is the time in the unit of shard.Now.
func (s *Server) now() uint32 { return milliseconds(time.Since(s.made)) }
