package core

import (
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/poll"
	"github.com/gannet-ws/gannet/shard"
)

// loop is what one event loop owns: its sockets, its shard, the connections that
// are not clients yet, and the buffers that it works with. Only its own goroutine
// touches it, but for the fields that say otherwise. Of what its poll.Loop watches,
// a *listener accepts connections, a *handshake is one before the upgrade, and a
// *shard.Client one after it.
type loop struct {
	server *Server
	life   *life
	poll   *poll.Loop
	shard  *shard.Shard

	listeners  []*listener
	handshakes []*handshake
	arrivals   arrivals // whose request is awaited
	leaving    waiting  // that have been refused
	shaking    waiting  // whose TLS handshake is under way
	buffer     []byte   // what one read takes from a socket
	opened     []byte   // what has been decrypted of it; nil until that is needed
	sealed     []byte   // what has been encrypted for a socket
	reader     codec.ReaderConfig
	deflated   codec.ReaderConfig // of clients with compression
	inflater   *codec.Inflater    // of their messages; nil where there is no compression
	parser     *codec.EnvelopeParser
	decoder    *codec.Decoder
	publishing publishRequest // the room.publish that is being handled
	context    Context
	viewed     ClientView
	counters   counters
	handlers   []times // of each route, by its number
	largest    int     // backlog of one client that the last sweep has seen, in bytes
	larger     int     // the same of the sweep that is under way

	encoded []byte         // a response
	payload []byte         // a reply before it has its frame
	replies []byte         // frames for the client whose input is being handled
	framed  int            // their number
	heard   int            // frames of that input
	window  codec.Window   // with which they may be compressed: that client's
	ring    shard.ShardSet // loops to wake when that input has been handled
	pings   int            // sent by this turn of the sweep
	swept   int            // slots of the sweep under way that are done; -1: none is

	crowded bool       // the last turns had much to do
	paused  []ClientID // clients that are not read from

	sweepDue atomic.Bool // set by any goroutine
	pausing  atomic.Bool // paused is not empty; for any goroutine

	asked   atomic.Int64           // Server.clock of the sample that is awaited, 0 for none
	sampled atomic.Pointer[sample] // the last one, for any goroutine
	ended   chan struct{}          // closed when the loop has ended
}

// readBuffer is the size of a loop's buffer, in bytes.
const readBuffer = 64 << 10

func newLoop(s *Server, index int) (*loop, error) {
	polled, err := poll.New()
	if err != nil {
		return nil, err
	}
	l := &loop{
		server:   s,
		life:     s.life.Load(),
		ended:    make(chan struct{}),
		poll:     polled,
		buffer:   make([]byte, readBuffer),
		reader:   codec.ReaderConfig{MaxMessage: int(s.options.MaxMessageSize)},
		handlers: make([]times, len(s.routes)),
		parser:   codec.NewEnvelopeParser(),
		decoder:  codec.NewDecoder(),
		arrivals: arrivals{from: map[addressKey]waiting{}},
		swept:    -1,
	}
	l.deflated = l.reader
	if s.deflaters != nil {
		l.deflated.Deflate = true
		l.inflater = codec.NewInflater(int(s.options.MaxMessageSize))
	}
	messages, bytes := s.options.rates()
	l.shard = shard.New(shard.Options{
		Node:        s.node,
		Index:       uint8(index),
		Directory:   s.directory,
		Owner:       l,
		MaxBacklog:  int(s.options.MaxBacklog),
		Overflow:    overflows[s.options.SlowConsumer],
		MaxInbox:    int(s.options.MaxInbox),
		MaxMetadata: int(s.options.MaxMetadata),
		Messages:    messages,
		Bytes:       bytes,
	})
	l.shard.Now = s.now()
	return l, nil
}

// post leaves work for the loop. Any goroutine may call it.
func (l *loop) post(op shard.Op) {
	l.shard.Post(&op)
	l.poll.Wake()
}

// Ready serves a socket. See poll.Owner.
func (l *loop) Ready(is any, events poll.Events) {
	switch is := is.(type) {
	case *shard.Client:
		l.clientReady(is, events)
	case *handshake:
		if is.tls != nil {
			l.secureReady(is, events)
			return
		}
		l.handshakeReady(is)
	case *listener:
		l.accept(is)
	}
}

// clientReady writes what a client's socket has room for, and receives what it has.
func (l *loop) clientReady(c *shard.Client, events poll.Events) {
	if events&poll.Output != 0 {
		l.shard.Now = l.server.now()
		l.shard.Writable(c)
		l.poll.Again() // to settle
	}
	if events&poll.Input == 0 {
		return
	}
	in, open := l.read(int(c.Socket().FD), readSize(c))
	if !open {
		l.Drop(c)
		l.finish()
		return
	}
	if l.deaf(c) {
		return
	}
	if c.Wrapped() {
		l.receiveSealed(c, in)
		return
	}
	l.receive(c, in)
}

// compressedRead is what is read at a time from a client that may send compressed
// messages, in bytes: it may become a thousand times as much, while others wait.
const compressedRead = 1 << 10

func readSize(c *shard.Client) int {
	if c.Window() != codec.NoWindow {
		return compressedRead
	}
	return readBuffer
}

// read returns what a socket has, up to size bytes, in the loop's buffer, and whether
// it is open.
func (l *loop) read(fd, size int) (in []byte, open bool) {
	n, err := poll.Read(fd, l.buffer[:size])
	if err != nil {
		return nil, err == unix.EAGAIN
	}
	l.counters.BytesIn += uint64(n)
	return l.buffer[:n], n > 0
}

// Turn does a bounded piece of what was posted. See poll.Owner.
func (l *loop) Turn() {
	if l.poll.Stopped() {
		l.dropAll()
		return
	}
	l.shard.Now = l.server.now()
	if l.sweepDue.Swap(false) {
		l.startSweep()
	}
	l.crowded = l.crowded || l.shard.Crowded()
	more := l.shard.Turn()
	l.catchUp()
	if l.sweep() || more {
		l.poll.Again()
	}
	l.finish()
}

// finish ends what a socket or a turn called for: it has the loops that were given
// work take turns, this one among them if some is left.
func (l *loop) finish() {
	if !l.shard.Settled() {
		l.poll.Again()
	}
	if l.ring == (shard.ShardSet{}) {
		return
	}
	if self := l.shard.Index(); l.ring.Has(self) {
		l.poll.Again()
		l.ring.Remove(self)
	}
	l.server.ring(l.ring)
	l.ring = shard.ShardSet{}
}

// AwaitRoom watches for room in a client's socket. See shard.Owner.
func (l *loop) AwaitRoom(c *shard.Client) { l.watch(c) }

// watch watches a client's socket for what is wanted of it.
func (l *loop) watch(c *shard.Client) {
	var events poll.Events
	if l.hears(c) {
		events |= poll.Input
	}
	if c.Awaited() {
		events |= poll.Output
	}
	if err := l.poll.Watch(poll.Handle(c.Socket().Handle), events); err != nil {
		l.shard.Doom(c)
	}
}

// Drop closes a client's connection at once. See shard.Owner.
func (l *loop) Drop(c *shard.Client) {
	l.lastNoticeTo(c)
	l.poll.Close(poll.Handle(c.Socket().Handle))
	l.remove(c)
}

// dropAll closes all connections, at the loop's end.
func (l *loop) dropAll() {
	l.poll.Each(func(_ poll.Handle, is any) {
		switch is := is.(type) {
		case *shard.Client:
			l.Drop(is)
		case *handshake:
			l.dropHandshake(is)
		}
	})
}

// remove frees the record of a client whose connection has been closed.
func (l *loop) remove(c *shard.Client) {
	l.counters.Closed[c.Reason]++
	l.disconnected(c)
	l.departed(l.shard.Address(c))
	l.server.connections.Add(-1)
	l.server.served.Add(-1)
	l.shard.Remove(c)
}
