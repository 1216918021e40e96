package core

import (
	"errors"
	"fmt"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// Publication is a message and who receives it.
type Publication struct {
	To      Target
	Message *codec.Message // encoded once, shared by all receivers
}

// ErrOverloaded is returned by publishing while an event loop has more messages
// waiting than MaxInbox allows. Nothing has been sent to anybody; try again.
var ErrOverloaded error = &Error{Text: "Server is overloaded, try again", Code: "OVERLOADED"}

// ErrTooLarge is returned by publishing a message that no queue could count.
var ErrTooLarge = errors.New("message is larger than " + Size(maxBacklog).String())

// NewMessage encodes an event {type, action, data} once for all its receivers.
// data is any value that JSON has a form for, json.RawMessage among them, and
// nil for an event without data.
func NewMessage(typ, action string, data any) (*codec.Message, error) {
	encoded, err := codec.AppendJSON(nil, data)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the data of %s.%s: %w", typ, action, err)
	}
	return codec.NewMessage(codec.OpText, codec.AppendEvent(nil, typ, action, encoded)), nil
}

// Broadcast encodes an event, as NewMessage does, and publishes it.
func (s *Server) Broadcast(to Target, typ, action string, data any) (receivers int, err error) {
	message, err := NewMessage(typ, action, data)
	if err != nil {
		return 0, err
	}
	return s.Publish(Publication{To: to, Message: message})
}

// Publish sends a message to its target, on this node and, unless the target
// says otherwise, on all others. Any goroutine may call it, and it does not
// wait. It returns the number of this node's clients that were addressed: those
// of the audience, without an excluded one, before If and Where have picked
// among them; who is in several rooms counts in each. It is no promise of
// delivery. A bus that is away does not keep a message from this node's clients:
// its failures are counted, not returned.
//
// Messages of one goroutine, or of one connection's handlers, to one room are
// delivered in the order of the calls.
func (s *Server) Publish(p Publication) (receivers int, err error) {
	var ring shard.ShardSet
	receivers, err = s.publish(&p, &ring)
	s.ring(ring)
	return receivers, err
}

// PublishAll sends messages in order. Those that follow each other and are for
// the same room reach each receiver in one write. It returns the number of receivers
// of each message that was sent; after an error, the rest has not been.
func (s *Server) PublishAll(publications []Publication) (receivers []int, err error) {
	var ring shard.ShardSet
	defer func() { s.ring(ring) }()
	receivers = make([]int, 0, len(publications))
	for i := range publications {
		n, err := s.publish(&publications[i], &ring)
		if err != nil {
			return receivers, err
		}
		receivers = append(receivers, n)
	}
	return receivers, nil
}

// publish posts the message to the shards that have receivers, and hands it to
// the bus. The caller then wakes the shards' loops, which are added to ring.
func (s *Server) publish(p *Publication, ring *shard.ShardSet) (receivers int, err error) {
	receivers, err = s.deliver(p, ring)
	if err == ErrOverloaded {
		s.overloaded.Add(1)
	}
	if err != nil {
		return 0, err
	}
	s.published.Add(1)
	if p.To.local() {
		return receivers, nil
	}
	if err := s.options.Bus.Publish(p.To.forBus(p.Message.Payload())); err != nil {
		s.busFailed(err)
	}
	return receivers, nil
}

// busFailed counts a message that has not gone to other nodes, and logs it now and
// then.
func (s *Server) busFailed(err error) {
	s.busFailures.Add(1)
	if s.busLogged.now() {
		s.options.Log.Warn("a message has not gone to other nodes", "error", err)
	}
}

// deliver posts the message to the shards that have receivers.
func (s *Server) deliver(p *Publication, ring *shard.ShardSet) (receivers int, err error) {
	if len(p.Message.Frame()) > maxBacklog {
		return 0, ErrTooLarge
	}
	filter, err := s.filter(&p.To)
	if err != nil {
		return 0, err
	}
	op := shard.Op{Message: p.Message, Except: p.To.except, Filter: filter}
	switch p.To.to {
	case bus.All:
		receivers, err = s.toAll(&op, ring)
	case bus.Room:
		receivers, err = s.toRoom(&op, p.To.room, ring)
	case bus.Rooms:
		receivers, err = s.toRooms(&op, p.To.rooms, ring)
	case bus.Users:
		receivers, err = s.toUsers(&op, p.To.users, ring)
	default:
		receivers, err = s.toClients(&op, p.To.clients, ring)
	}
	if err == nil {
		s.fanOut.note(receivers)
	}
	return receivers, err
}
