package bus

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/gannet-ws/gannet/codec"
)

// Publisher is what a Service sends through: every Bus is one, which reaches the
// clients of all nodes but its own, and so is a server, which reaches all.
type Publisher interface {
	Publish(m Message) error
	Emit(e *Event) error
}

// Service sends messages to clients wherever they are. It is the guide's
// WebSocketService: for code beside a server (core.Server.Service), and for a
// process that has no clients of its own, a job worker, on its bus alone. Any
// goroutine may call it, and it does not wait. Each method encodes the message
// once, and returns an error when that cannot be done or the message was not
// sent.
type Service struct{ to Publisher }

// NewService returns a service that sends through a bus.
func NewService(to Publisher) *Service { return &Service{to: to} }

// Envelope is a message for clients: {"type":…,"action":…,"data":…}. Data is any
// value that JSON has a form for, nil for none.
type Envelope struct {
	Type   string
	Action string
	Data   any
}

// Broadcast sends to all clients.
func (s *Service) Broadcast(e Envelope) error { return s.send(Message{To: All}, e) }

// SendToRooms sends to the members of the rooms, to each once.
func (s *Service) SendToRooms(rooms []string, e Envelope) error {
	if len(rooms) == 1 {
		return s.send(Message{To: Room, Room: rooms[0]}, e)
	}
	return s.send(Message{To: Rooms, Rooms: rooms}, e)
}

// SendToUsers sends to all clients of the users, by the subjects of their
// tokens.
func (s *Service) SendToUsers(userIDs []string, e Envelope) error {
	return s.send(Message{To: Users, Users: userIDs}, e)
}

// SendToClients sends to the clients with the ids, of 32 hex digits each.
func (s *Service) SendToClients(clientIDs []string, e Envelope) error {
	m := Message{To: Clients, Clients: make([]ClientID, len(clientIDs))}
	for i, text := range clientIDs {
		id, err := hex.DecodeString(text)
		if err != nil || len(id) != len(m.Clients[i]) {
			return fmt.Errorf("client id %q is not 32 hex digits", text)
		}
		m.Clients[i] = ClientID(id)
	}
	return s.send(m, e)
}

// SendUserMessage sends {"type":"user","action":action,"data":data} to all
// clients.
func (s *Service) SendUserMessage(action string, data any) error {
	return s.Broadcast(Envelope{"user", action, data})
}

// SendSystemMessage sends {"type":"system","action":action,"data":data} to all
// clients.
func (s *Service) SendSystemMessage(action string, data any) error {
	return s.Broadcast(Envelope{"system", action, data})
}

// SendErrorMessage sends {"type":"error","action":action,"data":{"error":TEXT}}
// to all clients, with the error's text: say nothing in it that they should not
// read.
func (s *Service) SendErrorMessage(action string, err error) error {
	if err == nil {
		return errors.New("there is no error to send")
	}
	return s.Broadcast(Envelope{"error", action, map[string]string{"error": err.Error()}})
}

// SendCustomMessage sends an event, a JSON object, to the subscribers of the
// channel custom on all nodes.
func (s *Service) SendCustomMessage(message any) error { return s.Emit(Custom, message) }

// Emit sends an event, a JSON object, to the subscribers of the channel on all
// nodes.
func (s *Service) Emit(channel string, message any) error {
	payload, err := codec.AppendJSON(nil, message)
	if err != nil {
		return fmt.Errorf("cannot encode the event: %w", err)
	}
	return s.to.Emit(&Event{Channel: channel, Payload: payload})
}

func (s *Service) send(m Message, e Envelope) error {
	data, err := codec.AppendJSON(nil, e.Data)
	if err != nil {
		return fmt.Errorf("cannot encode the message: %w", err)
	}
	m.Payload = codec.AppendEvent(nil, e.Type, e.Action, data)
	return s.to.Publish(m)
}
