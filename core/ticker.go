package core

import (
	"context"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// jsonPing is the guide's heartbeat.
var jsonPing, _ = NewMessage("system", "ping", nil)

// tick is the one goroutine that knows the time for all loops: it has them
// sweep at an interval.
func (s *Server) tick(ctx context.Context) {
	sweep := time.NewTicker(s.options.sweepInterval())
	defer sweep.Stop()
	sample := time.NewTicker(sampleInterval)
	defer sample.Stop()
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
				l.poll.Wake()
			}
		case <-sample.C:
			s.sampleLoops()
		case <-heartbeat:
			for l := range s.running {
				l.post(shard.Op{To: shard.ToAll, Message: jsonPing})
			}
		}
	}
}

// now is the time in the unit of shard.Now.
func (s *Server) now() uint32 { return milliseconds(time.Since(s.made)) }
