package bus

// Stats are the figures of a bus that has a connection. The totals count since
// the bus was made; sizes are in bytes. Signs of life are no messages.
type Stats struct {
	Status

	Published   uint64 `json:"published"`   // messages and events that have been sent
	Failed      uint64 `json:"failed"`      // that were not sent: they were refused, or waited too long
	Unknown     uint64 `json:"unknown"`     // that were sent and not answered: they may have arrived
	QueuedBytes int    `json:"queuedBytes"` // of those that wait to be sent

	// LagSeconds is how long the last message that the bus sent to itself took to come
	// back, or takes by now if that is longer; of several servers, of the slowest.
	LagSeconds float64 `json:"lagSeconds"`

	Received   uint64 `json:"received"`   // messages and events, but this node's own
	Dropped    uint64 `json:"dropped"`    // for which the inbox or the node had no room; they are reported as gaps
	Late       uint64 `json:"late"`       // dropped since later ones had come; they were counted as missed
	Bad        uint64 `json:"bad"`        // that cannot be read, or are too large
	InboxBytes int    `json:"inboxBytes"` // of those that wait to be delivered

	CountedGaps   uint64 `json:"countedGaps"`   // gaps of which it is known how many messages are missing
	Missed        uint64 `json:"missed"`        // messages in them
	UncountedGaps uint64 `json:"uncountedGaps"` // gaps of which nobody knows what is missing, such as after a lost connection
	Reconnects    uint64 `json:"reconnects"`    // of the subscribing connections
	Subscriptions int    `json:"subscriptions"` // channels that are listened to

	Nodes          int    `json:"nodes"`          // other nodes that are known to be alive
	NodesLost      uint64 `json:"nodesLost"`      // nodes that have gone without saying so
	NodesRefused   uint64 `json:"nodesRefused"`   // signs of life of nodes beyond those that may be known
	SurveysRefused uint64 `json:"surveysRefused"` // questions, of this node and of others, beyond those that may wait
}

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
