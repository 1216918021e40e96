package shard

import (
	"sync"

	"github.com/gannet-ws/gannet/codec"
)

// Audience says to whom an Op's message goes.
type Audience uint8

// The audiences.
const (
	ToAll  Audience = iota // every client of the shard
	ToRoom                 // the members of Op.Room
	// Messages for the audiences above share a walk; those below are one each.
	ToRooms   // the members of all Op.Rooms, each once
	ToClients // the clients in Op.Clients
)

// Op is a piece of work posted to a shard: a message to deliver, or a function
// to call on the shard's own goroutine.
type Op struct {
	Message *codec.Message
	To      Audience
	Room    string
	Rooms   []string // as Clients
	Clients []ID     // kept until the op has been carried out; not changed
	Except  ID       // gets nothing, if it is among the audience
	// Filter, if there is one, picks those who get the message. It is called
	// while the shard walks the audience: it must change nothing, and not panic.
	Filter func(*Client) bool
	// Walked, if there is one, is called on the shard's goroutine when the audience has
	// been visited. What could not be written to it at once is written when the turn
	// settles. It must do nothing to the shard but Post. No other op that has one may
	// wait for the shard at the same time.
	Walked func(*Shard)

	Call func(*Shard)
}

// opOverhead is what an op counts for in the inbox beside its message's bytes.
const opOverhead = 128

func (o *Op) cost() int64 {
	cost := int64(opOverhead + IDSize*len(o.Clients))
	for _, room := range o.Rooms {
		cost += int64(len(room) + IDSize)
	}
	if o.Message != nil {
		cost += int64(o.Message.Size())
	}
	return cost
}

// sameAudience reports whether both ops' messages go to the same list of
// clients, but for the excluded ones.
func (o *Op) sameAudience(other *Op) bool {
	return o.Message != nil && other.Message != nil && o.Filter == nil && other.Filter == nil &&
		o.To == other.To && o.To < ToRooms && o.Room == other.Room
}

// inbox is where other goroutines leave ops: many producers, one consumer, in
// order.
type inbox struct {
	mu  sync.Mutex
	ops []Op
}

func (b *inbox) post(op *Op) {
	b.mu.Lock()
	b.ops = append(b.ops, *op)
	b.mu.Unlock()
}

// take moves all posted ops behind dst.
func (b *inbox) take(dst []Op) []Op {
	b.mu.Lock()
	defer b.mu.Unlock()
	dst = append(dst, b.ops...)
	clear(b.ops)
	b.ops = b.ops[:0]
	if cap(b.ops) > keptOps {
		b.ops = nil
	}
	return dst
}

// keptOps is the largest list of ops whose memory is kept for the next turn.
const keptOps = 4096
