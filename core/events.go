package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
)

// Events go to subscribers, on this node and on all others.

// Subscribe has a subscriber run for the events that it matches, wherever they
// come from. It never runs on an event loop. It must be called before Run, which
// returns an error when the subscriber cannot be.
//
// Every node runs its own subscribers: one that sends to clients does so with
// Target.Here, or they get it from each node.
func (s *Server) Subscribe(subscriber bus.Subscriber) {
	if s.late("subscriber " + subscriber.Name) {
		return
	}
	if err := s.subscribers.Add(subscriber); err != nil {
		s.mistakes = append(s.mistakes, err)
	}
}

// WriteSubscribers writes a table of the subscribers, for debugging.
func (s *Server) WriteSubscribers(w io.Writer) error { return s.subscribers.WriteTable(w) }

var errNoObject = errors.New("an event is a JSON object")

// Emit sends an event to the subscribers of the channel, on this node and on all
// others: any value whose JSON is an object, whose member workerId becomes the
// node's id. What every node acts on itself, such as sendMessageToAll, this one
// does, too. Any goroutine may call it, and it does not wait. The error says that
// the value has no such JSON; a bus that is away is counted.
func (s *Server) Emit(channel string, message any) error {
	payload, err := encodeEvent(channel, message)
	if err != nil {
		return err
	}
	return s.emitObject(channel, payload)
}

// TryEmit sends an event as Emit does, or not at all: where the bus does not take it,
// subscribers of this node do not get it either. The error may be the bus's, too, of
// which bus.ErrTooLarge says that another attempt is in vain, or ErrNoListener.
func (s *Server) TryEmit(channel string, message any) error {
	payload, err := encodeEvent(channel, message)
	if err != nil {
		return err
	}
	e, err := s.newEvent(channel, payload)
	if err != nil {
		return err
	}
	if _, alone := s.options.Bus.(bus.Local); alone && !s.subscribers.Wants(channel) {
		return ErrNoListener
	}
	if err := s.emitToOthers(e); err != nil {
		return err
	}
	node{s}.Hear(e)
	return nil
}

// ErrNoListener is returned by TryEmit where nobody can hear the event: the server has
// no bus to others, and no subscriber of its own.
var ErrNoListener = errors.New("the server has no bus, and no subscriber")

func encodeEvent(channel string, message any) ([]byte, error) {
	payload, err := codec.AppendJSON(nil, message)
	if err != nil {
		return nil, fmt.Errorf("cannot encode an event for %s: %w", channel, err)
	}
	return payload, nil
}

// SendCustomMessage sends an event to the subscribers of the channel custom, as
// Emit does.
func (s *Server) SendCustomMessage(message any) error { return s.Emit(bus.Custom, message) }

// emitObject sends an event, which is JSON.
func (s *Server) emitObject(channel string, object []byte) error {
	e, err := s.newEvent(channel, object)
	if err == nil {
		_ = s.emit(e)
	}
	return err
}

// newEvent makes an event, with the node's id behind the members of the object, which
// is JSON, and in the place of a workerId among them: by it a node knows its own events.
func (s *Server) newEvent(channel string, object []byte) (*bus.Event, error) {
	object = bytes.TrimSpace(object)
	if !bytes.HasPrefix(object, []byte("{")) {
		return nil, errNoObject
	}
	if mayHaveWorkerID(object) {
		var err error
		if object, err = withoutMembers(object, "workerId"); err != nil {
			return nil, err
		}
	}
	event := bytes.Clone(bytes.TrimSpace(object[:len(object)-1]))
	if len(event) > 1 {
		event = append(event, ',')
	}
	event = append(event, `"workerId":"`...)
	event = append(event, s.NodeID()...)
	event = append(event, `"}`...)
	return &bus.Event{Channel: channel, Payload: event, Sender: s.NodeID()}, nil
}

// mayHaveWorkerID reports whether JSON has the name workerId, which can be escaped.
func mayHaveWorkerID(object []byte) bool {
	return bytes.Contains(object, []byte("workerId")) || bytes.Contains(object, []byte(`\u`))
}

// wanted reports whether anybody listens to the channel.
func (s *Server) wanted(channel string) bool {
	return s.subscribers.Wants(channel) || s.options.Bus.Wanted(channel)
}

// emit has this node hear the event, and all others. An error of the bus is
// counted, too.
func (s *Server) emit(e *bus.Event) error {
	node{s}.Hear(e)
	return s.emitToOthers(e)
}

// emitToOthers has other nodes hear the event, if they may want to.
func (s *Server) emitToOthers(e *bus.Event) error {
	if !s.options.Bus.Wanted(e.Channel) {
		return nil
	}
	err := s.options.Bus.Emit(e)
	if err != nil {
		s.busFailed(err)
	}
	return err
}

// Service returns the guide's WebSocketService: to send without holding on to
// what a server is.
func (s *Server) Service() *bus.Service { return bus.NewService(publisher{s}) }

// publisher is the server as a Service sees it.
type publisher struct{ server *Server }

// Publish sends a message to clients of all nodes.
func (p publisher) Publish(m bus.Message) error {
	to := targetOf(&m)
	to.here = false
	_, err := p.server.Publish(Publication{To: to, Message: codec.NewMessage(codec.OpText, m.Payload)})
	return err
}

// Emit sends an event to subscribers of all nodes.
func (p publisher) Emit(e *bus.Event) error { return p.server.emitObject(e.Channel, e.Payload) }

// stopSubscribers lets subscribers handle what waits for them until the context
// of handlers ends, and waits for those that run until patience does.
func (s *Server) stopSubscribers(now *life, patience context.Context) {
	_ = s.subscribers.Drain(now.ctx) // what it leaves is counted as dropped
	if err := s.subscribers.Stop(patience); err != nil {
		s.options.Log.Warn("subscribers still run after the server has stopped", "error", err)
	}
}
