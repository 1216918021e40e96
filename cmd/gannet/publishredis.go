package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// published is printed when Redis has taken a message: who receives it is known to
// nobody.
const published = `{"published":true}`

// sendToRedis publishes the message for all nodes, and waits until Redis has taken
// it.
func (p *publishCommand) sendToRedis(message []byte) (answer string, err error) {
	p.Redis.PublishTimeout = p.Timeout
	nodes, err := p.Redis.open(slog.New(slog.DiscardHandler)) // the error says it
	if err != nil {
		return "", err
	}
	if err := p.publish(nodes, message); err != nil {
		nodes.Close()
		return "", err
	}
	return published, nodes.Flush()
}

func (p *publishCommand) publish(nodes *redis.Bus, message []byte) error {
	if p.Event != nil {
		return p.emit(nodes, message)
	}
	if err := checkEnvelope(message); err != nil {
		return err
	}
	addressed, err := p.address(bus.Message{Payload: message})
	if err != nil {
		return err
	}
	return nodes.Publish(addressed)
}

// emit sends the message as an event.
func (p *publishCommand) emit(nodes *redis.Bus, message []byte) error {
	switch {
	case p.Except != nil:
		return errors.New("except is for messages: an event is for subscribers, not for clients")
	case !codec.ValidJSON(message) || message[0] != '{':
		return errors.New("the event is not a JSON object")
	}
	return nodes.Emit(&bus.Event{Channel: *p.Event, Payload: message})
}

// checkEnvelope refuses what clients could not read: nodes deliver what others
// publish as it is.
func checkEnvelope(message []byte) error {
	envelope, err := codec.NewEnvelopeParser().Parse(message, false)
	if err != nil {
		return fmt.Errorf("the message is not an envelope: %w", err)
	}
	if _, _, ok := envelope.Route(); !ok {
		return errors.New("the message is not an envelope: type and action must be strings")
	}
	return nil
}

// address returns the message with its audience.
func (p *publishCommand) address(m bus.Message) (addressed bus.Message, err error) {
	switch {
	case p.Room != nil && !core.ValidRoomName(*p.Room):
		return m, fmt.Errorf("no room can have the name %q", *p.Room)
	case p.Room != nil:
		m.To, m.Room = bus.Room, *p.Room
	case p.User != nil:
		m.To, m.Users = bus.Users, []string{*p.User}
	case p.Client != nil:
		m.To, m.Clients = bus.Clients, make([]bus.ClientID, 1)
		m.Clients[0], err = clientID(*p.Client)
	}
	if err == nil && p.Except != nil {
		m.Except, err = clientID(*p.Except)
	}
	return m, err
}

func clientID(text string) (bus.ClientID, error) {
	id, ok := shard.ParseID(text)
	if !ok {
		return bus.ClientID{}, fmt.Errorf("client id %q is not 32 hex digits", text)
	}
	return id.Bytes(), nil
}

// forNodes are the settings of Redis that a process which only sends has no use
// for.
var forNodes = map[string]bool{
	"redis-required": true, "redis-max-queue": true, "redis-max-inbox": true, "redis-max-channels": true,
	"redis-publish-timeout": true, "redis-linger": true, "redis-probe-interval": true, "redis-heartbeat-interval": true,
	"redis-max-nodes": true, "redis-max-surveys": true, "redis-survey-workers": true,
}

// hideForNodes keeps them out of the help of gannet publish.
func hideForNodes(k *kong.Kong) error {
	for _, command := range k.Model.Children {
		if command.Name != "publish" {
			continue
		}
		for _, flag := range command.Flags {
			flag.Hidden = flag.Hidden || forNodes[flag.Name]
		}
	}
	return nil
}
