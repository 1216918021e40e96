package core

import "github.com/gannet-ws/gannet/shard"

// Histogram tells how values are distributed. It is a copy, and the caller's.
type Histogram struct {
	// Bounds are the upper bounds of the buckets, rising; each lies within its
	// bucket. They are shared, and must not be changed.
	Bounds []float64
	// Counts are the values of each bucket alone. The last one, for which there is
	// no bound, has those above all.
	Counts []uint64
	Sum    float64 // of all values
}

// Count returns the number of values.
func (h *Histogram) Count() (n uint64) {
	for _, in := range h.Counts {
		n += in
	}
	return n
}

// Histograms are a server's distributions since it was made.
type Histograms struct {
	FanOut Histogram // clients of this node that a message was for, whichever node it was published on
	// FanOutTimes are the seconds that messages to all or to rooms took until they were
	// written to the last of their receivers on this node, of the samples of Fanout.
	FanOutTimes Histogram
	Batches     Histogram            // frames that a write to a socket completed
	LoopLag     Histogram            // seconds that an event loop kept a question waiting, of one a second to each
	Handlers    map[string]Histogram // seconds that a handler took, by its route: type.action
}

func (s *Server) fillHistograms(h *Histograms, total *snapshot) {
	h.FanOut = s.fanOut.histogram()
	h.FanOutTimes = s.fanoutTimes.histogram()
	h.Batches = batches(&total.out)
	h.LoopLag = total.Lag.histogram()
	h.Handlers = s.handlerTimes(total.handlers)
}

// batchBounds are the bounds of shard.Counters.Batches.
var batchBounds = func() (bounds []float64) {
	for i := range shard.BatchSizes - 1 {
		bounds = append(bounds, float64(int(1)<<i))
	}
	return bounds
}()

func batches(c *shard.Counters) Histogram {
	return Histogram{Bounds: batchBounds, Counts: append([]uint64(nil), c.Batches[:]...), Sum: float64(c.FramesOut)}
}
