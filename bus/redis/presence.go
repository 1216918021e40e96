package redis

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// presence says that this node is alive, and knows which others are. A node is
// dead when it has been silent for a few of its own intervals, and only such time
// counts in which it would have been heard: while the connection is away the
// table stays as it is, for all that it says is that this node is deaf, and who
// is alive after that is given the time to be heard again.
//
// One goroutine runs it; hear is called by connections, and list by anybody.
type presence struct {
	options *Options
	node    bus.Node
	names   *names
	sender  *lanes
	hearing func() hearing // of the channel of nodes
	stats   *counters
	asked   chan struct{} // another node wants a beat
	settled chan struct{} // closed when those who are alive have had time to say so

	mu    sync.Mutex
	table map[string]*peer
	lost  losses
	stand uint64    // the subscription that silence is counted in
	since time.Time // since when it is
}

// peer is another node.
type peer struct {
	bus.NodeStatus
	patience time.Duration
}

const (
	sweepsPerBeat = 4
	// maxJitter bounds the time that a new node is let wait, which is spread so
	// that all others do not answer at the same time, and one answer is for all
	// who come within it.
	maxJitter = 250 * time.Millisecond
	// answerWindow is the time for all others to answer a new node: what they
	// let it wait, and as much for the ways there and back.
	answerWindow = 2 * maxJitter
)

func newPresence(b *Bus, node bus.Node, names *names, sender *lanes, hearing func() hearing) *presence {
	return &presence{
		options: &b.options,
		node:    node,
		names:   names,
		sender:  sender,
		hearing: hearing,
		stats:   &b.stats,
		asked:   make(chan struct{}, 1),
		settled: make(chan struct{}),
		table:   map[string]*peer{},
	}
}

// run beats until end is closed, when it says that the node has left.
func (p *presence) run(end <-chan struct{}) {
	beats := time.NewTicker(p.options.HeartbeatInterval)
	defer beats.Stop()
	sweeps := time.NewTicker(max(p.options.HeartbeatInterval/sweepsPerBeat, time.Millisecond))
	defer sweeps.Stop()
	var answer <-chan time.Time // when to answer who has asked; nil if nobody has
	var settle <-chan time.Time // nil until the node has announced itself once
	announced := false
	for {
		if p.sweep(time.Now()) {
			announced = false
		}
		if !announced && p.hearing().standing {
			announced = p.beat(beat{New: true}) == nil
		}
		if announced && settle == nil {
			settle = time.After(answerWindow)
		}
		select {
		case <-sweeps.C:
		case <-beats.C:
			_ = p.beat(beat{}) // the next one tells the same
		case <-p.asked:
			if answer == nil {
				answer = time.After(p.jitter())
			}
		case <-answer:
			answer = nil
			_ = p.beat(beat{})
		case <-settle:
			close(p.settled)
		case <-end:
			_ = p.beat(beat{Left: true}) // or its silence will tell
			return
		}
	}
}

func (p *presence) jitter() time.Duration {
	return rand.N(min(p.options.HeartbeatInterval/8, maxJitter) + 1)
}

// beat publishes a sign of life.
func (p *presence) beat(b beat) error {
	b.Node = nodeID(p.names.id)
	b.IntervalMs = max(p.options.HeartbeatInterval.Milliseconds(), 1)
	b.Figures = p.node.Figures()
	message, err := plainJSON.Marshal(&b)
	if err != nil {
		return err
	}
	return p.sender.beat(p.names.nodes, message)
}

// hear notes another node's sign of life. It does not block.
func (p *presence) hear(message []byte) {
	b, err := parseBeat(message)
	if err != nil {
		p.stats.bad.Add(1)
		return
	}
	if b.Node == nodeID(p.names.id) {
		return
	}
	p.note(&b, time.Now())
	if b.New {
		select {
		case p.asked <- struct{}{}:
		default: // one answer is for all
		}
	}
}

// note keeps what a node has said of itself.
func (p *presence) note(b *beat, now time.Time) {
	lost, wasLost := p.keep(b, now)
	switch {
	case !wasLost:
	case b.Left:
		p.options.Log.Info("a lost node has been heard again, and leaves", "node", b.Node, "lost-at", lost.LostAt)
	default:
		p.options.Log.Info("a lost node is back", "node", b.Node, "lost-at", lost.LostAt)
	}
}

// keep is note without its log.
func (p *presence) keep(b *beat, now time.Time) (lost bus.LostNode, wasLost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lost, wasLost = p.lost.remove(b.Node)
	if b.Left {
		delete(p.table, b.Node)
		return lost, wasLost
	}
	if p.table[b.Node] == nil && len(p.table) >= p.options.MaxNodes {
		p.stats.nodesRefused.Add(1)
		return lost, wasLost
	}
	p.table[b.Node] = &peer{
		NodeStatus: bus.NodeStatus{ID: b.Node, Figures: b.Figures, LastSeen: now},
		patience:   b.patience(),
	}
	return lost, wasLost
}

// sweep takes the silent for lost, and reports whether the node hears the others
// again, or for the first time.
func (p *presence) sweep(now time.Time) (again bool) {
	h := p.hearing()
	if !h.standing {
		return false
	}
	dead, again := p.bury(h, now)
	for _, lost := range dead {
		p.stats.nodesLost.Add(1)
		p.options.Log.Warn("a node is lost: it has died, hangs or is cut off, and has not said that it leaves",
			"node", lost.ID, "last-seen", lost.LastSeen, "clients", lost.Clients)
	}
	return again
}

// bury moves the dead to the lost.
func (p *presence) bury(h hearing, now time.Time) (dead []bus.LostNode, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.number != p.stand {
		p.stand, p.since = h.number, now
		again = true
	}
	for id, other := range p.table {
		heard := other.LastSeen
		if heard.Before(p.since) {
			heard = p.since
		}
		if h.certain.Sub(heard) > other.patience {
			delete(p.table, id)
			lost := bus.LostNode{NodeStatus: other.NodeStatus, LostAt: now}
			p.lost.add(lost)
			dead = append(dead, lost)
		}
	}
	return dead, again
}

// list returns the nodes that are alive, by id.
func (p *presence) list() []bus.NodeStatus {
	deaf := !p.hearing().standing
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]bus.NodeStatus, 0, len(p.table))
	for _, other := range p.table {
		status := other.NodeStatus
		status.Doubtful = deaf
		all = append(all, status)
	}
	slices.SortFunc(all, func(a, b bus.NodeStatus) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// listLost returns the nodes that have been lost lately, the last one first.
func (p *presence) listLost() []bus.LostNode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost.lately(time.Now())
}

// len returns the number of nodes that are alive.
func (p *presence) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.table)
}
