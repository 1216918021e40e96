package core

import (
	"errors"
	"slices"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// Target says who receives a message: All, Room, Users or Client.
type Target struct {
	to     bus.Audience
	room   string
	users  []string
	client shard.ID
}

// All is every client.
func All() Target { return Target{to: bus.All} }

// Room is the members of a room.
func Room(name string) Target { return Target{to: bus.Room, room: name} }

// Users is the clients of users, by the subject of their tokens.
func Users(ids ...string) Target { return Target{to: bus.Users, users: ids} }

// Client is one client.
func Client(id shard.ID) Target { return Target{to: bus.Client, client: id} }

// Publication is a message and who receives it.
type Publication struct {
	To      Target
	Message *codec.Message // encoded once, shared by all receivers
	Except  shard.ID       // receives nothing; the zero ID for nobody
}

// ErrOverloaded is returned by publishing while an event loop has more messages
// waiting than MaxInbox allows. Nothing has been sent to anybody; try again.
var ErrOverloaded error = &Error{Text: "Server is overloaded, try again", Code: "OVERLOADED"}

// ErrTooLarge is returned by publishing a message that no queue could count.
var ErrTooLarge = errors.New("message is larger than " + Size(maxBacklog).String())

// NewMessage encodes an event {type, action, data} once for all its receivers.
// data is JSON, and nil for an event without data.
func NewMessage(typ, action string, data []byte) *codec.Message {
	return codec.NewMessage(codec.OpText, codec.AppendEvent(nil, typ, action, data))
}

// Publish sends a message to its target, on this node and on all others. Any
// goroutine may call it, and it does not wait. It returns the number of this
// node's clients that were addressed, an excluded client not among them; that
// is no promise of delivery. A bus that is away does not keep a message from
// this node's clients: its failures are counted, not returned.
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

// publish posts the message to the shards that have receivers. The caller then
// rings their bells, which are added to ring.
func (s *Server) publish(p *Publication, ring *shard.ShardSet) (receivers int, err error) {
	if len(p.Message.Frame()) > maxBacklog {
		return 0, ErrTooLarge
	}
	switch p.To.to {
	case bus.All:
		receivers, err = s.toAll(p, ring)
	case bus.Room:
		receivers, err = s.toRoom(p, ring)
	case bus.Users:
		receivers, err = s.toUsers(p, ring)
	default:
		receivers, err = s.toClients(p, []shard.ID{p.To.client}, ring)
	}
	if err != nil {
		s.overloaded.Add(1)
		return 0, err
	}
	s.published.Add(1)
	if err := s.options.Bus.Publish(p.forBus()); err != nil {
		s.busFailures.Add(1)
	}
	return receivers, nil
}

func (p *Publication) forBus() bus.Message {
	return bus.Message{
		To:      p.To.to,
		Room:    p.To.room,
		Users:   p.To.users,
		Client:  p.To.client.Bytes(),
		Except:  p.Except.Bytes(),
		Payload: p.Message.Payload(),
	}
}

func (s *Server) toAll(p *Publication, ring *shard.ShardSet) (int, error) {
	var shards shard.ShardSet
	for l := range s.running {
		shards.Add(l.shard.Index())
	}
	op := shard.Op{To: shard.ToAll, Message: p.Message, Except: p.Except}
	if err := s.postTo(shards, &op, ring); err != nil {
		return 0, err
	}
	return s.directory.Clients() - s.excluded(p), nil
}

func (s *Server) toRoom(p *Publication, ring *shard.ShardSet) (int, error) {
	shards, members := s.directory.Room(p.To.room)
	op := shard.Op{To: shard.ToRoom, Room: p.To.room, Message: p.Message, Except: p.Except}
	if err := s.postTo(shards, &op, ring); err != nil {
		return 0, err
	}
	return max(0, members-s.excluded(p)), nil
}

func (s *Server) toUsers(p *Publication, ring *shard.ShardSet) (int, error) {
	var ids []shard.ID
	for _, user := range p.To.users {
		ids = s.directory.User(user, ids)
	}
	slices.SortFunc(ids, shard.ID.Compare) // by node, then by shard
	return s.toClients(p, slices.Compact(ids), ring)
}

// toClients posts the message for clients that are sorted by their shards.
func (s *Server) toClients(p *Publication, ids []shard.ID, ring *shard.ShardSet) (int, error) {
	ids = slices.DeleteFunc(ids, func(id shard.ID) bool { return id == p.Except || !s.Alive(id) })
	var shards shard.ShardSet
	for _, id := range ids {
		shards.Add(id.Shard())
	}
	if s.full(shards) {
		return 0, ErrOverloaded
	}
	for rest := ids; len(rest) > 0; {
		at := rest[0].Shard()
		n := slices.IndexFunc(rest, func(id shard.ID) bool { return id.Shard() != at })
		if n < 0 {
			n = len(rest)
		}
		if l := s.loop(at); l != nil {
			l.shard.Post(&shard.Op{To: shard.ToClients, Clients: rest[:n], Message: p.Message})
			ring.Add(at)
		}
		rest = rest[n:]
	}
	return len(ids), nil
}

// postTo posts the op to all of the shards, or to none.
func (s *Server) postTo(shards shard.ShardSet, op *shard.Op, ring *shard.ShardSet) error {
	if s.full(shards) {
		return ErrOverloaded
	}
	for i := range shards.All {
		if l := s.loop(i); l != nil {
			l.shard.Post(op)
			ring.Add(i)
		}
	}
	return nil
}

func (s *Server) full(shards shard.ShardSet) bool {
	for i := range shards.All {
		if l := s.loop(i); l != nil && l.shard.Full() {
			return true
		}
	}
	return false
}

// excluded is 1 when a client of this node is excluded, which is taken to be
// among the audience.
func (s *Server) excluded(p *Publication) int {
	if p.Except.IsZero() || !s.Alive(p.Except) {
		return 0
	}
	return 1
}

// Alive reports whether a client of this node is connected. Any goroutine may
// call it.
func (s *Server) Alive(id shard.ID) bool {
	if id.Node() != s.node {
		return false
	}
	l := s.loop(id.Shard())
	return l != nil && l.shard.Alive(id)
}
