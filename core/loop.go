package core

import (
	"sync/atomic"

	"github.com/panjf2000/gnet/v2"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// loop is what one event loop owns: its shard, the connections that are not
// clients yet, and the buffers that it works with. Only its own goroutine
// touches it, but for the fields that say otherwise.
type loop struct {
	server *Server
	life   *life
	events gnet.EventLoop
	shard  *shard.Shard
	bell   *bell

	handshakes []*handshake
	reader     codec.ReaderConfig
	parser     *codec.EnvelopeParser
	decoder    *codec.Decoder
	publishing publishRequest // the room.publish that is being handled
	context    Context
	viewed     ClientView
	counters   counters

	encoded []byte         // a response
	payload []byte         // a reply before it has its frame
	replies []byte         // frames for the client whose input is being handled
	framed  int            // their number
	ring    shard.ShardSet // bells to ring when that input has been handled
	pings   int            // sent by this turn of the sweep
	swept   int            // slots of the sweep under way that are done; -1: none is

	sweepDue atomic.Bool // set by any goroutine
	retryDue atomic.Bool // set by any goroutine
	blocked  atomic.Bool // read by any goroutine: some sockets are full

	asked   atomic.Int64           // Server.clock of the sample that is awaited, 0 for none
	sampled atomic.Pointer[sample] // the last one, for any goroutine
	ended   chan struct{}          // closed when the loop has ended
}

func newLoop(s *Server, events gnet.EventLoop, index int) (*loop, error) {
	l := &loop{
		server:  s,
		life:    s.life.Load(),
		ended:   make(chan struct{}),
		events:  events,
		reader:  codec.ReaderConfig{MaxMessage: int(s.options.MaxMessageSize)},
		parser:  codec.NewEnvelopeParser(),
		decoder: codec.NewDecoder(),
		swept:   -1,
	}
	messages, bytes := s.options.rates()
	l.shard = shard.New(shard.Options{
		Node:        s.node,
		Index:       uint8(index),
		Directory:   s.directory,
		Owner:       l,
		MaxBacklog:  int(s.options.MaxBacklog),
		Skip:        s.options.SlowConsumer == SkipSlow,
		MaxInbox:    int(s.options.MaxInbox),
		MaxMetadata: int(s.options.MaxMetadata),
		Messages:    messages,
		Bytes:       bytes,
	})
	l.shard.Now = s.now()
	var err error
	l.bell, err = hang(l)
	return l, err
}

// post leaves work for the loop. Any goroutine may call it.
func (l *loop) post(op shard.Op) {
	l.shard.Post(&op)
	l.bell.ring()
}

// turn does what the bell was rung for, a bounded piece of it.
func (l *loop) turn() {
	l.bell.hear()
	l.shard.Now = l.server.now()
	if l.sweepDue.Swap(false) {
		l.startSweep()
	}
	if l.retryDue.Swap(false) {
		l.shard.Retry()
	}
	more := l.shard.Turn()
	if l.sweep() || more {
		l.bell.ring()
	}
	l.finish()
}

// finish ends a callback: it wakes the loops that were given work, this one
// among them if some is left, and asks to be woken while sockets are full.
func (l *loop) finish() {
	if !l.shard.Settled() {
		l.bell.ring()
	}
	if l.ring != (shard.ShardSet{}) {
		l.server.ring(l.ring)
		l.ring = shard.ShardSet{}
	}
	if blocked := l.shard.Blocked() > 0; blocked != l.blocked.Load() {
		l.blocked.Store(blocked)
		if blocked {
			l.server.wantRetry()
		}
	}
}

// Drop closes a client's connection at once. See shard.Owner.
func (l *loop) Drop(c *shard.Client) {
	_ = l.events.Close(c.Socket().(gnet.Conn))
}

// remove frees the record of a client whose connection has been closed.
func (l *loop) remove(c *shard.Client) {
	l.counters.Closed[c.Reason]++
	l.disconnected(c)
	l.server.connections.Add(-1)
	l.shard.Remove(c)
}
