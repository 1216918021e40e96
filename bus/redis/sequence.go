package redis

import (
	"sync"
	"time"
)

// Messages of a node are numbered for each channel, so that a receiver sees when
// some are missing. Any goroutine may use the tables numbering and expectations.

// recent is a map of bounded size that forgets by halves: what has not been used
// since the younger half was last full. It is not for several goroutines at once.
type recent[K comparable, V any] struct {
	max        int // of entries, at least 2
	young, old map[K]*V
}

func newRecent[K comparable, V any](max int) recent[K, V] {
	return recent[K, V]{max: max, young: map[K]*V{}}
}

// get returns the key's value, nil if there is none, and how many others were
// forgotten to keep it.
func (r *recent[K, V]) get(key K) (value *V, forgotten int) {
	if value = r.young[key]; value != nil {
		return value, 0
	}
	if value = r.old[key]; value == nil {
		return nil, 0
	}
	delete(r.old, key)
	return value, r.put(key, value)
}

// put sets a key's value and returns how many others were forgotten for it.
func (r *recent[K, V]) put(key K, value *V) (forgotten int) {
	if len(r.young) >= r.max/2 {
		forgotten = len(r.old)
		r.old, r.young = r.young, map[K]*V{}
	}
	r.young[key] = value
	return forgotten
}

// numbering gives messages their marks.
type numbering struct {
	mu       sync.Mutex
	node     uint64
	epoch    uint32 // of channels that are new to the table
	channels recent[string, mark]
}

func newNumbering(node uint64, max int) *numbering {
	return &numbering{node: node, epoch: 1, channels: newRecent[string, mark](max)}
}

// next returns the mark of the channel's next message. A channel that was
// forgotten begins again, in an epoch that it has not had.
func (n *numbering) next(channel string) mark {
	n.mu.Lock()
	defer n.mu.Unlock()
	last, forgotten := n.channels.get(channel)
	if last == nil {
		last = &mark{node: n.node, epoch: n.epoch}
		forgotten = n.channels.put(channel, last)
	}
	if forgotten > 0 {
		n.epoch++
	}
	last.sequence++
	return *last
}

// rename makes the node another one, to whom nothing has happened yet.
func (n *numbering) rename(node uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.node == node {
		return
	}
	n.node = node
	n.epoch++
	n.channels = newRecent[string, mark](n.channels.max)
}

// source is what a sequence is of: a node's messages in one subscription. A
// subscription that ends and begins again is another one, for what came between
// was not to be received.
type source struct {
	subscription uint64
	node         uint64
}

// expectation is how far a sequence has come.
type expectation struct {
	mark
	certain time.Time // nothing from before is on its way any more
}

// expectations find what is missing.
type expectations struct {
	mu      sync.Mutex
	sources recent[source, expectation]
}

func newExpectations(max int) *expectations {
	return &expectations{sources: newRecent[source, expectation](max)}
}

// finding is what a message tells of those before it.
type finding struct {
	missed uint64    // should have come before it, and these are all
	lost   bool      // nobody knows how many should have
	since  time.Time // when the first of them may have been on its way
	late   bool      // it was counted as missed already, or came before
}

// observe notes a message that has come, or a notice, which says that the message
// of its number was lost. certain is when nothing from before was on its way any
// more, and began when the subscription did.
func (e *expectations) observe(s source, m mark, notice bool, began, certain time.Time) finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	last, _ := e.sources.get(s)
	if last == nil {
		e.sources.put(s, &expectation{m, certain})
		return finding{lost: notice, since: began} // what else came before was not to be received
	}
	f := finding{since: last.certain}
	if !last.before(m) {
		f.late = !notice
		return f
	}
	switch {
	case m.epoch != last.epoch:
		f.lost = notice || m.sequence > 1 // maybe some of the epoch before, too
	case notice:
		f.missed = m.sequence - last.sequence
	default:
		f.missed = m.sequence - last.sequence - 1
	}
	*last = expectation{m, certain}
	return f
}
