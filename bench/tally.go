package bench

import "sync/atomic"

// tally is what one loop counts about received messages. It belongs to the loop
// until the loop has ended.
type tally struct {
	delivered  uint64 // distinct messages
	outOfOrder uint64 // of these, how many came after a later one
	duplicates uint64
	foreign    uint64 // frames that are none of ours, such as events
	latency    histogram
}

func (t *tally) merge(o *tally) {
	t.delivered += o.delivered
	t.outOfOrder += o.outOfOrder
	t.duplicates += o.duplicates
	t.foreign += o.foreign
	t.latency.merge(&o.latency)
}

// progress is what a loop lets other goroutines see while it runs. The loop
// stores it after each batch of events, so it trails the truth by one batch.
type progress struct {
	ready     atomic.Int64  // sockets that can receive messages
	failed    atomic.Int64  // sockets that never became ready
	closed    atomic.Int64  // sockets that the server closed after they were ready
	sent      atomic.Uint64 // messages that sockets have sent
	expected  atomic.Uint64 // deliveries that follow from them
	delivered atomic.Uint64 // distinct messages
}
