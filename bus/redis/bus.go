// Package redis is the bus over Redis: one server, a primary that Sentinels
// watch, or a Cluster. The names of the channels and what is published on them
// are for everybody to use: a room gets what any client of Redis publishes on
// gannet:room:{NAME}, and PXL's workers and nodes understand each other.
//
// A Bus has two connections to each Redis server: over one it publishes
// (publisher), over the other it listens (link). Redis forgets what nobody
// listens to: what a lost connection may have cost is told to the node as a
// bus.Gap.
package redis

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// Bus is a bus.Bus and a bus.Reporter. Any goroutine may call it.
type Bus struct {
	options Options
	place   *place
	names   atomic.Pointer[names]
	numbers *numbering
	stats   counters
	health  *health

	life     sync.Mutex // is held by Open and Close, which wait
	mu       sync.Mutex // of what follows, and nobody waits with it
	closed   bool
	sender   atomic.Pointer[lanes]    // nil until the first message
	listener atomic.Pointer[listener] // nil while the bus is not open
}

var (
	_ bus.Bus          = (*Bus)(nil)
	_ bus.Reporter     = (*Bus)(nil)
	_ bus.LossReporter = (*Bus)(nil)
)

// New returns a bus that has not connected yet: Open does, and the first message
// that is published. The error is a sentence for the person who chose the
// options.
func New(options Options) (*Bus, error) {
	options.populate()
	if err := options.validate(); err != nil {
		return nil, err
	}
	at, err := options.place()
	if err != nil {
		return nil, err
	}
	b := &Bus{options: options, place: at, health: newHealth(options.Log)}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	id := binary.BigEndian.Uint64(random[:]) >> 16
	b.names.Store(newNames(&b.options, id))
	b.numbers = newNumbering(id, options.MaxChannels)
	return b, nil
}

// Open begins to listen, and waits for the end of the first attempt to connect:
// where it succeeds, nothing is missed from then on. Where it does not, the bus
// goes on trying, unless Options.Required is set: then Open waits a few times
// PublishTimeout, and returns an error.
func (b *Bus) Open(node bus.Node) error {
	id, ok := parseNodeID(node.ID())
	if !ok {
		return fmt.Errorf("a node's id is 12 lower-case hex digits, not %q", node.ID())
	}
	b.life.Lock()
	defer b.life.Unlock()
	if b.listener.Load() != nil {
		return errors.New("the bus is open already: it serves one node")
	}
	sender := b.become(id)
	if sender.cluster != nil {
		<-sender.cluster.first
	}
	l, err := b.newListener(node, b.names.Load(), sender)
	if err != nil {
		b.close()
		return err
	}
	b.listener.Store(l)
	l.start()
	for _, link := range l.links.all() {
		<-link.tried
	}
	if !b.options.Required {
		return nil
	}
	if err := b.required(l); err != nil {
		b.close()
		return fmt.Errorf("Redis is required and cannot be reached: %w", err) //lint:ignore ST1005 a name
	}
	return nil
}

// become makes the bus that of a node.
func (b *Bus) become(id uint64) *lanes {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names.Store(newNames(&b.options, id))
	b.numbers.rename(id)
	b.closed = false
	return b.startSender()
}

// requiredPatience is how many times PublishTimeout a required Redis is waited for.
const requiredPatience = 5

// required waits until all links have been whole for the first time.
func (b *Bus) required(l *listener) error {
	patience := time.NewTimer(requiredPatience * b.options.PublishTimeout)
	defer patience.Stop()
	links := l.links.all()
	if len(links) == 0 {
		return errNoSlots
	}
	for _, link := range links {
		select {
		case <-link.made:
		case <-patience.C:
			return errors.New(b.health.read().Problem)
		}
	}
	return nil
}

// Close sends what waits to be published, for at most PublishTimeout, and ends
// all connections. The bus can be opened again; until then it refuses messages.
func (b *Bus) Close() {
	b.life.Lock()
	defer b.life.Unlock()
	b.close()
}

// Flush closes the bus as Close does, and returns an error, a sentence, unless
// Redis has taken all that was published since the bus was made. It is for a
// process that only sends, and has to know. It waits for PublishTimeout at most.
func (b *Bus) Flush() error {
	b.Close()
	failed, unknown := b.stats.failed.Load(), b.stats.unknown.Load()
	if failed+unknown == 0 {
		return nil
	}
	why := cmp.Or(b.health.lastTrouble(), errLate.Error())
	if failed == 0 {
		return fmt.Errorf("Redis has not answered, and what was published may have arrived or not: %s", why) //lint:ignore ST1005 a name
	}
	return fmt.Errorf("Redis has not taken what was published: %s", why) //lint:ignore ST1005 a name
}

// errLate is why a message failed for which nothing else went wrong.
var errLate = errors.New("its time was over")

// close is called with b.life locked.
func (b *Bus) close() {
	b.mu.Lock()
	b.closed = true
	l, p := b.listener.Swap(nil), b.sender.Swap(nil)
	b.mu.Unlock()
	if l != nil {
		l.close()
	}
	if p != nil {
		p.close()
	}
}

// lanes returns what publishes, which begins to connect with the first message.
func (b *Bus) lanes() (*lanes, error) {
	if l := b.sender.Load(); l != nil {
		return l, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.stats.failed.Add(1)
		return nil, errClosed
	}
	return b.startSender(), nil
}

// startSender is called with b.mu locked.
func (b *Bus) startSender() *lanes {
	l := b.sender.Load()
	if l == nil {
		l = b.newLanes()
		b.sender.Store(l)
	}
	return l
}

// Wanted is always true: who listens to a channel of Redis is not known.
func (b *Bus) Wanted(string) bool { return true }

// Enter begins to listen to a room.
func (b *Bus) Enter(room string) {
	if l := b.listener.Load(); l != nil {
		l.interest.enter(room)
	}
}

// Leave ends that, after Options.Linger.
func (b *Bus) Leave(room string) {
	if l := b.listener.Load(); l != nil {
		l.interest.leave(room)
	}
}

// Standing reports whether Redis has confirmed a room's subscription.
func (b *Bus) Standing(room string) bool {
	l := b.listener.Load()
	return l != nil && l.interest.standing(room)
}

// Await calls done when Redis has confirmed a room's subscription, or with an
// error when there is no connection, or none any more.
func (b *Bus) Await(room string, done func(error)) {
	l := b.listener.Load()
	if l == nil {
		done(errNotOpen)
		return
	}
	l.interest.await(room, done)
}

// Nodes returns the other nodes that are alive. While the connection is away they
// are those that were when it was lost, and doubtful.
func (b *Bus) Nodes() []bus.NodeStatus {
	l := b.listener.Load()
	if l == nil {
		return nil
	}
	return l.presence.list()
}

// Lost returns the nodes of the last 15 minutes, at most 100, that were silent for
// three of their intervals and had not said that they leave, the last one first. One
// that left while the connection was away is among them.
func (b *Bus) Lost() []bus.LostNode {
	l := b.listener.Load()
	if l == nil {
		return nil
	}
	return l.presence.listLost()
}

// Status tells how the connections are: Connected when all are as they should be.
func (b *Bus) Status() bus.Status { return b.health.read() }

// Stats returns the bus's figures.
func (b *Bus) Stats() bus.Stats {
	s := bus.Stats{
		Status:        b.health.read(),
		Published:     b.stats.published.Load(),
		Failed:        b.stats.failed.Load(),
		Unknown:       b.stats.unknown.Load(),
		Received:      b.stats.received.Load(),
		Dropped:       b.stats.dropped.Load(),
		Late:          b.stats.late.Load(),
		Bad:           b.stats.bad.Load(),
		CountedGaps:   b.stats.countedGaps.Load(),
		Missed:        b.stats.missed.Load(),
		UncountedGaps: b.stats.uncountedGaps.Load(),
		Reconnects:    b.stats.reconnects.Load(),

		NodesLost:      b.stats.nodesLost.Load(),
		NodesRefused:   b.stats.nodesRefused.Load(),
		SurveysRefused: b.stats.surveysRefused.Load(),
	}
	if p := b.sender.Load(); p != nil {
		s.QueuedBytes = p.waiting()
	}
	if l := b.listener.Load(); l != nil {
		s.LagSeconds = l.links.lag().Seconds()
		s.InboxBytes = int(l.inbox.bytes.Load())
		s.Subscriptions = l.interest.len()
		s.Nodes = l.presence.len()
	}
	return s
}
