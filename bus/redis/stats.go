package redis

import (
	"sync/atomic"

	"github.com/gannet-ws/gannet/bus"
)

// counters count since the bus was made.
type counters struct {
	published     atomic.Uint64
	failed        atomic.Uint64
	unknown       atomic.Uint64
	received      atomic.Uint64
	dropped       atomic.Uint64
	late          atomic.Uint64
	bad           atomic.Uint64
	countedGaps   atomic.Uint64
	uncountedGaps atomic.Uint64
	missed        atomic.Uint64
	reconnects    atomic.Uint64
}

// Stats are a bus's figures. The totals count since it was made.
type Stats struct {
	bus.Status

	Published   uint64 // messages that Redis has taken
	Failed      uint64 // messages that were not sent
	Unknown     uint64 // messages that were sent and not answered: they may have arrived
	QueuedBytes int    // of messages that wait to be published

	Received   uint64 // messages, but this node's own
	Dropped    uint64 // messages for which the inbox had no room
	Late       uint64 // messages dropped since later ones had come: they were counted as missed
	Bad        uint64 // messages that are not JSON, too large, or have a header that is not valid
	InboxBytes int    // of messages that wait to be delivered

	CountedGaps   uint64 // gaps of which the number of messages is known
	Missed        uint64 // messages in them
	UncountedGaps uint64 // times that a subscription was lost
	Reconnects    uint64 // of the subscribing connection
	Subscriptions int    // channels that are listened to
}
