package redis

import (
	"encoding/hex"
	"errors"

	"github.com/gannet-ws/gannet/bus"
)

// Publish sends a message to the clients of all other nodes, and one for all
// clients to PXL's workers too, unless it has a condition, which they could not
// read. It does not wait: an error says that the message has not been sent, none
// that it will be, unless Redis goes away. What then becomes of it is counted,
// and the nodes that miss it say so.
func (b *Bus) Publish(m bus.Message) error {
	to, err := b.sending(&m)
	if err != nil {
		return err
	}
	if len(m.Payload) > int(b.options.MaxPayload) {
		return to.refuse(errTooLarge)
	}
	switch m.To {
	case bus.Room:
		return to.send(to.names.room(m.Room), target{Where: m.Where})
	case bus.Rooms:
		err := to.send(to.names.all, target{Where: m.Where, Rooms: append([]string{}, m.Rooms...)})
		if errors.Is(err, errTargetTooLong) { // in two messages, who is in two rooms would get both
			return to.refuse(err)
		}
		return err
	case bus.Users:
		return to.users()
	case bus.Clients:
		return to.clients()
	default:
		return errors.Join(to.send(to.names.all, target{Where: m.Where}), to.workers())
	}
}

// Emit publishes an event, for the subscribers of other nodes, PXL's workers and
// applications. Nodes do not act on each other's SendMessageToAll, and get the
// message as Publish sends it; on one that no node has sent they act.
func (b *Bus) Emit(e *bus.Event) error {
	to, err := b.sending(&bus.Message{Payload: e.Payload})
	if err != nil {
		return err
	}
	if err := to.checkEvent(e); err != nil {
		b.stats.failed.Add(1)
		return err
	}
	payload, err := to.names.forNodes(e)
	if err != nil {
		return err
	}
	if err := to.publish(to.names.event(e.Channel), payload, false); err != nil || !isOfNodes(e) {
		return err
	}
	if to.message.Payload, err = forClients(e.Payload); err != nil {
		return err
	}
	return to.send(to.names.all, target{})
}

func (b *Bus) sending(m *bus.Message) (sending, error) {
	p, err := b.lanes()
	if err != nil {
		return sending{}, err
	}
	return sending{p, b.names.Load(), m}, nil
}

// sending is one message on its way out.
type sending struct {
	*lanes
	names   *names
	message *bus.Message
}

var errOwnChannel = errors.New("the channel is one of the nodes' own")

func (s *sending) checkEvent(e *bus.Event) error {
	switch {
	case len(e.Payload) > int(s.bus.options.MaxPayload):
		return errTooLarge
	case s.names.isOurs(s.names.event(e.Channel)):
		return errOwnChannel
	}
	return nil
}

// refuse does not send the message. Who listens is told that one is missing.
func (s *sending) refuse(why error) error {
	s.bus.stats.failed.Add(1)
	switch s.message.To {
	case bus.Room:
		s.miss(s.names.room(s.message.Room))
	case bus.Clients:
		for node := range s.byNode() {
			s.miss(s.names.ofNode(node))
		}
	default:
		s.miss(s.names.all)
	}
	return why
}

// miss has those who listen to a channel told that a message of it is missing: the
// notice takes the number that it would have had.
func (s *sending) miss(channel string) { _ = s.enqueue(notice(channel, mark{})) }

func (s *sending) send(channel string, to target) error {
	encoded := make([]byte, 0, headerSize+len(bus.ClientID{})+len(s.message.Payload))
	encoded, err := appendHeader(encoded, &header{except: s.message.Except, target: to})
	if err != nil {
		return err
	}
	return s.publish(channel, append(encoded, s.message.Payload...), true)
}

// workers sends the message to PXL's workers.
func (s *sending) workers() error {
	if s.message.Where != "" {
		return nil
	}
	message, err := forWorkers(s.message.Payload, s.names.id)
	if err != nil {
		return err
	}
	return s.publish(s.names.event(bus.SendMessageToAll), message, false)
}

func (s *sending) users() error {
	return split(s.message.Users, func(ids []string) error {
		return s.send(s.names.all, target{Where: s.message.Where, UserIDs: ids})
	})
}

// clients sends to the nodes that hold the clients, but this one.
func (s *sending) clients() error {
	var failed []error
	for node, ids := range s.byNode() {
		failed = append(failed, split(ids, func(ids []string) error {
			return s.send(s.names.ofNode(node), target{Where: s.message.Where, ClientIDs: ids})
		}))
	}
	return errors.Join(failed...)
}

// byNode returns the ids of the clients by the node that holds them, but those of
// this one.
func (s *sending) byNode() map[uint64][]string {
	nodes := map[uint64][]string{}
	for _, id := range s.message.Clients {
		if node := nodeOf(id); node != s.names.id {
			nodes[node] = append(nodes[node], hex.EncodeToString(id[:]))
		}
	}
	return nodes
}

// split sends to a list of receivers, in several messages where it is too long
// for one.
func split(ids []string, send func(ids []string) error) error {
	if len(ids) == 0 {
		return nil
	}
	err := send(ids)
	if half := len(ids) / 2; half > 0 && errors.Is(err, errTargetTooLong) {
		return errors.Join(split(ids[:half], send), split(ids[half:], send))
	}
	return err
}
