package redis

import (
	"sync/atomic"
	"time"
)

// outgoing is a message that waits to be published.
type outgoing struct {
	channel  string
	message  []byte // immutable
	numbered bool   // it begins with a header
	notice   bool   // it is nothing but a header
	beat     bool   // it is a sign of life
	since    time.Time
}

// overhead is what a message that waits takes besides its bytes.
const overhead = 64

func (o *outgoing) size() int { return len(o.channel) + len(o.message) + overhead }

// mark is that of a numbered message.
func (o *outgoing) mark() mark {
	m, _ := readMark(o.message) // the publisher's own
	return m
}

// count counts the message, if it is one: what the bus says of itself is none.
func (o *outgoing) count(counter *atomic.Uint64) {
	if !o.notice && !o.beat {
		counter.Add(1)
	}
}

// queue holds messages in order. It is not for several goroutines at once.
type queue struct {
	items []outgoing
	head  int // of items that are gone
	bytes int
}

func (q *queue) empty() bool { return q.head == len(q.items) }

// first returns the message that is next. The queue must not be empty.
func (q *queue) first() *outgoing { return &q.items[q.head] }

func (q *queue) push(o outgoing) {
	q.items = append(q.items, o)
	q.bytes += o.size()
}

// pop removes the first message.
func (q *queue) pop() outgoing {
	o := q.items[q.head]
	q.items[q.head] = outgoing{}
	q.head++
	q.bytes -= o.size()
	if q.head > len(q.items)/2 {
		q.shift()
	}
	return o
}

// shift gives up the room of those that are gone, and most of it after a flood.
func (q *queue) shift() {
	left := q.items[q.head:]
	if cap(q.items) > 1024 && len(left) < cap(q.items)/4 {
		q.items, q.head = append(make([]outgoing, 0, cap(q.items)/2), left...), 0
		return
	}
	n := copy(q.items, left)
	clear(q.items[n:])
	q.items, q.head = q.items[:n], 0
}
