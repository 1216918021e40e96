package core

import "sync/atomic"

// fanOut is the distribution of how many clients of this node a message is for. Any
// goroutine may use it. It is noted once a message, not once a receiver: two atomic
// additions, which cost less than to find a copy of one's own to add to.
type fanOut struct {
	counts [len(fanOutBounds) + 1]atomic.Uint64
	sum    atomic.Uint64
}

// fanOutBounds are the bounds of fanOut, in clients.
var fanOutBounds = [...]float64{0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000}

func (f *fanOut) note(receivers int) {
	i := 0
	for i < len(fanOutBounds) && float64(receivers) > fanOutBounds[i] {
		i++
	}
	f.counts[i].Add(1)
	f.sum.Add(uint64(receivers))
}

func (f *fanOut) histogram() Histogram {
	h := Histogram{Bounds: fanOutBounds[:], Sum: float64(f.sum.Load())}
	for i := range f.counts {
		h.Counts = append(h.Counts, f.counts[i].Load())
	}
	return h
}
