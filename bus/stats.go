package bus

// SubscriberStats are the figures of one subscriber since it was added. An event
// that is for it is counted once among Handled, Failed, Skipped and Dropped, when
// it does not wait and is not being handled.
type SubscriberStats struct {
	Name    string `json:"name"`
	Handled uint64 `json:"handled"` // without an error, or with one that middleware suppressed
	Failed  uint64 `json:"failed"`  // with an error that none did
	Skipped uint64 `json:"skipped"` // by middleware
	Dropped uint64 `json:"dropped"` // the queue was full, or the dispatcher did not run; those that may be for it, too
	// Overtaken are the events that another subscriber handled although this
	// one should have come first.
	Overtaken uint64 `json:"overtaken"`
	Waiting   int    `json:"waiting"` // in the queue now; those that may be for it, too
}

// Stats returns the figures of all subscribers, in the order of their priority.
func (d *Dispatcher) Stats() []SubscriberStats {
	order := d.routes.Load().order
	stats := make([]SubscriberStats, len(order))
	for i, w := range order {
		stats[i] = SubscriberStats{
			Name:      w.subscriber.Name,
			Handled:   w.handled.Load(),
			Failed:    w.failed.Load(),
			Skipped:   w.skipped.Load(),
			Dropped:   w.dropped.Load(),
			Overtaken: w.overtaken.Load(),
			Waiting:   w.queue.waiting(),
		}
	}
	return stats
}
