package core

import (
	"fmt"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core/condition"
	"github.com/gannet-ws/gannet/shard"
)

// Target says who receives a message: All, Room, Rooms, Users or Clients, and
// which of them: Except, If, Where, Here. It is a value; the methods return a
// changed one.
type Target struct {
	to      bus.Audience
	room    string
	rooms   []string
	users   []string
	clients []ClientID
	except  ClientID
	only    func(*ClientView) bool
	where   string
	here    bool
}

// All is every client.
func All() Target { return Target{to: bus.All} }

// Room is the members of a room.
func Room(name string) Target { return Target{to: bus.Room, room: name} }

// Rooms is the members of several rooms, each once.
func Rooms(names ...string) Target {
	if len(names) == 1 {
		return Room(names[0])
	}
	return Target{to: bus.Rooms, rooms: names}
}

// Users is the clients of users, by the subjects of their tokens.
func Users(ids ...string) Target { return Target{to: bus.Users, users: ids} }

// Clients is the clients with the ids.
func Clients(ids ...ClientID) Target { return Target{to: bus.Clients, clients: ids} }

// Client is one client.
func Client(id ClientID) Target { return Clients(id) }

// Except leaves one client out.
func (t Target) Except(id ClientID) Target {
	t.except = id
	return t
}

// If sends to those only for whom the function returns true, and on this node
// alone: a function cannot be sent to others. It is called on several event loops
// at the same time, while they walk the audience: it must not block, nor change
// anything, and its argument is valid until it returns. Where it panics, the client gets nothing.
func (t Target) If(only func(*ClientView) bool) Target {
	t.only = only
	return t
}

// Where sends to those only for whom the condition holds, on all nodes:
// `claim:subscription == premium`. See package core/condition. A condition that
// cannot be read is an error of the publishing call.
func (t Target) Where(where string) Target {
	t.where = where
	return t
}

// Here sends to clients of this node alone. It is for code that every node runs:
// what a subscriber of events sends would otherwise arrive once for each node.
func (t Target) Here() Target {
	t.here = true
	return t
}

// local reports whether other nodes are not to know.
func (t *Target) local() bool { return t.here || t.only != nil }

// filter returns what picks the receivers from the audience, nil for all.
func (s *Server) filter(t *Target) (func(*shard.Client) bool, error) {
	if t.only == nil && t.where == "" {
		return nil, nil
	}
	var where *condition.Condition
	if t.where != "" {
		var err error
		if where, err = condition.Parse(t.where); err != nil {
			return nil, fmt.Errorf("cannot read the condition: %w", err)
		}
	}
	only := t.only
	return func(c *shard.Client) (picked bool) {
		l := s.loop(c.ID().Shard())
		defer l.surviveFilter(&picked)
		view := l.view(c)
		return (where == nil || where.Holds(view)) && (only == nil || only(view))
	}, nil
}

// surviveFilter, deferred, counts the panic of a filter, which picks nobody.
func (l *loop) surviveFilter(picked *bool) {
	if p := recover(); p != nil {
		*picked = false
		l.counters.Panics++
		l.server.logPanic("filter of a broadcast", p)
	}
}

func (t *Target) forBus(payload []byte) bus.Message {
	m := bus.Message{
		To:      t.to,
		Room:    t.room,
		Rooms:   t.rooms,
		Users:   t.users,
		Except:  t.except.Bytes(),
		Where:   t.where,
		Payload: payload,
	}
	for _, id := range t.clients {
		m.Clients = append(m.Clients, id.Bytes())
	}
	return m
}

// targetOf is the target of a message from the bus, which is for this node's
// clients.
func targetOf(m *bus.Message) Target {
	t := Target{
		to:     m.To,
		room:   m.Room,
		rooms:  m.Rooms,
		users:  m.Users,
		except: shard.IDFromBytes(m.Except),
		where:  m.Where,
		here:   true,
	}
	for _, raw := range m.Clients {
		t.clients = append(t.clients, shard.IDFromBytes(raw))
	}
	return t
}
