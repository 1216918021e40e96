package redis

import (
	"slices"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// gaps are what the node has not been told yet: any goroutine adds, one tells.
// Those of a channel become one until then, so that there are no more than
// channels, even while the node takes its time.
type gaps struct {
	names *names
	max   int
	delay time.Duration // that a message may have on its way to Redis
	stats *counters

	mu      sync.Mutex
	pending map[gapKey]*bus.Gap
	more    chan struct{}
}

type gapKey struct {
	channel string // "" for all that clients get over a link
	counted bool
}

func newGaps(names *names, max int, delay time.Duration, stats *counters) *gaps {
	return &gaps{names: names, max: max, delay: delay, stats: stats, pending: map[gapKey]*bus.Gap{}, more: make(chan struct{}, 1)}
}

// missed adds messages that are missing on a channel, a room's unless room is
// empty. From and to are of when Redis may have had them; here as in lost.
func (g *gaps) missed(channel, room string, count uint64, from, to time.Time) {
	g.stats.countedGaps.Add(1)
	g.stats.missed.Add(count)
	gap := bus.Gap{Channel: channel, All: g.names.isForAll(channel), Count: count, From: from, To: to}
	if room != "" {
		gap.Rooms = []string{room}
	}
	g.add(gapKey{channel, true}, gap)
}

// lost adds what nobody counted, because there was no subscription.
func (g *gaps) lost(rooms, others []string, from, to time.Time) {
	g.stats.uncountedGaps.Add(1)
	clients := bus.Gap{Rooms: rooms, From: from, To: to}
	for _, channel := range others {
		if g.names.isForAll(channel) {
			clients.All = true
			continue
		}
		g.add(gapKey{channel: channel}, bus.Gap{Channel: channel, From: from, To: to})
	}
	if clients.All || len(rooms) > 0 {
		g.add(gapKey{}, clients)
	}
}

func (g *gaps) add(key gapKey, gap bus.Gap) {
	gap.From = gap.From.Add(-g.delay)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.pending) >= g.max && g.pending[key] == nil {
		key, gap.Channel, gap.Count = gapKey{}, "", 0 // the last resort: with all that are uncounted
	}
	if known := g.pending[key]; known != nil {
		join(known, &gap)
	} else {
		g.pending[key] = &gap
	}
	select {
	case g.more <- struct{}{}:
	default:
	}
}

// join widens a gap by another one of its kind.
func join(g, other *bus.Gap) {
	g.Count += other.Count
	g.All = g.All || other.All
	if other.From.Before(g.From) {
		g.From = other.From
	}
	if other.To.After(g.To) {
		g.To = other.To
	}
	if !slices.Equal(g.Rooms, other.Rooms) {
		g.Rooms = append(g.Rooms, other.Rooms...)
		slices.Sort(g.Rooms)
		g.Rooms = slices.Compact(g.Rooms)
	}
}

// tell tells the node of all gaps.
func (g *gaps) tell(node bus.Node) {
	g.mu.Lock()
	pending := g.pending
	g.pending = map[gapKey]*bus.Gap{}
	g.mu.Unlock()
	for _, gap := range pending {
		node.Missed(*gap)
	}
}
