package core

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/shard"
)

// A forward brings the events of a channel to clients without code:
// queueJobCompleted=client sends each to the client that its webSocketClientId
// names. It is a subscriber; each node has it and sends to its own clients.

// addForwards makes subscribers of Options.Forward.
func (s *Server) addForwards() error {
	for _, text := range s.options.Forward {
		channel, to, ok := strings.Cut(text, "=")
		target, err := forwardTarget(to)
		if !ok || channel == "" || err != nil {
			return fmt.Errorf("forward %q is not CHANNEL=all, CHANNEL=room:NAME, CHANNEL=client or CHANNEL=user", text)
		}
		err = s.subscribers.Add(bus.Subscriber{
			Name:        "forward " + text,
			Description: "sends the channel's events to clients",
			Channel:     channel,
			Handle: func(_ context.Context, e *bus.Event) (any, error) {
				return nil, s.forward(e, target)
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forwardTarget returns what finds the receivers of an event.
func forwardTarget(to string) (func(*forwarded) (Target, error), error) {
	room, isRoom := strings.CutPrefix(to, "room:")
	switch {
	case to == "all":
		return func(*forwarded) (Target, error) { return All(), nil }, nil
	case isRoom && room != "":
		return func(*forwarded) (Target, error) { return Room(room), nil }, nil
	case to == "client":
		return (*forwarded).client, nil
	case to == "user":
		return (*forwarded).user, nil
	}
	return nil, fmt.Errorf("no target: %q", to)
}

// forwarded is what a forward reads of an event.
type forwarded struct {
	Type              any             `json:"type"`
	Action            any             `json:"action"`
	WebSocketClientID string          `json:"webSocketClientId"`
	ClientID          string          `json:"clientId"`
	UserID            json.RawMessage `json:"userId"`
}

func (f *forwarded) client() (Target, error) {
	id, ok := shard.ParseID(f.WebSocketClientID)
	if !ok {
		id, ok = shard.ParseID(f.ClientID)
	}
	if !ok {
		return Target{}, fmt.Errorf("event has no webSocketClientId or clientId of 32 hex digits")
	}
	return Client(id), nil
}

func (f *forwarded) user() (Target, error) {
	user, ok := auth.SubjectText(f.UserID)
	if !ok {
		return Target{}, fmt.Errorf("event has no userId that is a number or a string")
	}
	return Users(user), nil
}

// forward sends an event to this node's part of the audience: as it is, without
// its workerId, if it has a type and an action, and else as the data of one that
// has the channel for its type.
func (s *Server) forward(e *bus.Event, target func(*forwarded) (Target, error)) error {
	var event forwarded
	if err := e.Bind(&event); err != nil {
		return err
	}
	to, err := target(&event)
	if err != nil {
		return err
	}
	payload, err := withoutNode(e.Payload)
	if err != nil {
		return err
	}
	action, hasAction := event.Action.(string)
	if typ, hasType := event.Type.(string); !hasType || !hasAction || typ == "" || action == "" {
		if action == "" {
			action = "message"
		}
		payload = codec.AppendEvent(nil, e.Channel, action, payload)
	}
	_, err = s.Publish(Publication{To: to.Here(), Message: codec.NewMessage(codec.OpText, payload)})
	return err
}
