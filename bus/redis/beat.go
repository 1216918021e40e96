package redis

import (
	"errors"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
)

// beat is a node's sign of life on the channel of nodes: plain JSON, without a
// header and without a number. All here is pure, for any goroutine.
type beat struct {
	Node       string `json:"node"`
	IntervalMs int64  `json:"intervalMs"`     // until the next one
	New        bool   `json:"new,omitempty"`  // it has heard nobody yet, and would like to
	Left       bool   `json:"left,omitempty"` // it is the last one
	bus.Figures
}

const (
	// maxBeat is the size of the largest beat in bytes.
	maxBeat = 4 << 10
	// maxHeartbeat is the longest time between two: a node that could be silent
	// for longer would be taken for alive for ever.
	maxHeartbeat = 10 * time.Minute
	// lostBeats is the number of intervals without a sign after which a node is
	// dead.
	lostBeats = 3
)

var errBeat = errors.New("the message is no sign of life of a node")

// parseBeat reads one. What it returns may be kept.
func parseBeat(message []byte) (b beat, err error) {
	switch {
	case len(message) > maxBeat:
		return beat{}, errTooLarge
	case !isPlain(message) || !codec.ValidJSON(message) || plainJSON.Unmarshal(message, &b) != nil || !b.valid():
		return beat{}, errBeat
	}
	return b, nil
}

func (b *beat) valid() bool {
	_, ok := parseNodeID(b.Node)
	return ok && b.IntervalMs > 0 && b.IntervalMs <= maxHeartbeat.Milliseconds() &&
		b.Clients >= 0 && b.Users >= 0 && b.Rooms >= 0 && b.UptimeSeconds >= 0
}

// patience is how long the node may be silent.
func (b *beat) patience() time.Duration {
	return lostBeats * time.Duration(b.IntervalMs) * time.Millisecond
}
