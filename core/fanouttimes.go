package core

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// fanoutTimes measures how long messages to all or to rooms take until this node has
// written them to the last of their receivers here, or has found its socket full.
// It takes samples, a few each second and one at a time, so that it costs nothing
// for each receiver, and next to nothing for each message. Any goroutine may use it.
type fanoutTimes struct {
	left  atomic.Int32 // samples that may still be begun in this second
	under atomic.Bool  // one is under way

	mu      sync.Mutex
	samples [fanoutSamples * fanoutSeconds]fanoutSample // of the last minute
	next    int                                         // the oldest of them
	all     times                                       // of all samples ever
}

const (
	fanoutSamples = 10 // in a second
	fanoutSeconds = 60
)

// fanoutSample is the zero value where there is none.
type fanoutSample struct {
	at, took time.Duration // by Server.clock
}

// Fanout is how long messages to all or to rooms took until they were written to the
// last of their receivers on this node: at most ten each second of the last minute.
// Where one waits for a client that does not read, it counts as written.
type Fanout struct {
	Samples    int     `json:"samples"`
	P50Seconds float64 `json:"p50Seconds"`
	P99Seconds float64 `json:"p99Seconds"`
	MaxSeconds float64 `json:"maxSeconds"`
}

// allow lets a second's samples begin.
func (f *fanoutTimes) allow() { f.left.Store(fanoutSamples) }

// measureFanout has it measured, for some ops, when the last of the shards is done
// with the message that is about to be posted to them. When one has visited all
// receivers, what is left to be written to them is by the time of its next turn.
func (s *Server) measureFanout(op *shard.Op, shards shard.ShardSet) {
	if !s.fanoutTimes.begin() {
		return
	}
	began := s.clock()
	var working atomic.Int32
	for range shards.All {
		working.Add(1)
	}
	written := shard.Op{Call: func(*shard.Shard) {
		if working.Add(-1) == 0 {
			s.fanoutTimes.end(began, s.clock())
		}
	}}
	op.Walked = func(walked *shard.Shard) { s.loop(walked.Index()).post(written) }
}

// begin reports whether a sample begins.
func (f *fanoutTimes) begin() bool {
	if f.left.Load() <= 0 || !f.under.CompareAndSwap(false, true) {
		return false
	}
	f.left.Add(-1)
	return true
}

// end notes a sample.
func (f *fanoutTimes) end(began, now time.Duration) {
	f.mu.Lock()
	f.samples[f.next] = fanoutSample{now, now - began}
	f.next = (f.next + 1) % len(f.samples)
	f.all.note(now - began)
	f.mu.Unlock()
	f.under.Store(false)
}

// histogram returns the distribution of all samples since the server was made.
func (f *fanoutTimes) histogram() Histogram {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all.histogram()
}

// reset forgets the samples of the last minute, and the one that is under way: the loops that were to
// end it may have ended themselves.
func (f *fanoutTimes) reset() {
	f.mu.Lock()
	f.samples = [len(f.samples)]fanoutSample{}
	f.mu.Unlock()
	f.under.Store(false)
}

// lately returns the figures of the last minute.
func (f *fanoutTimes) lately(now time.Duration) Fanout {
	took := make([]time.Duration, 0, len(f.samples))
	f.mu.Lock()
	for _, one := range f.samples {
		if one.at > 0 && now-one.at <= fanoutSeconds*time.Second {
			took = append(took, one.took)
		}
	}
	f.mu.Unlock()
	if len(took) == 0 {
		return Fanout{}
	}
	slices.Sort(took)
	percentile := func(p int) float64 { return took[(len(took)*p+99)/100-1].Seconds() }
	return Fanout{Samples: len(took), P50Seconds: percentile(50), P99Seconds: percentile(99), MaxSeconds: percentile(100)}
}
