package core

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// node is the server as its bus sees it: what other nodes and applications send
// comes in here.
type node struct{ server *Server }

// ID names the node.
func (n node) ID() string { return n.server.NodeID() }

// Wants reports whether a subscriber here may want the channel's events.
func (n node) Wants(channel string) bool { return n.server.subscribers.Wants(channel) }

// Channels returns the channels that the subscribers here want.
func (n node) Channels() (names []string, all bool) { return n.server.subscribers.Channels() }

// Deliver sends a message to clients of this node, to none of them where an event
// loop has no room for it. One that cannot be is lost, and counted.
func (n node) Deliver(m bus.Message) bool {
	var ring shard.ShardSet
	p := Publication{To: targetOf(&m), Message: codec.NewMessage(codec.OpText, m.Payload)}
	_, err := n.server.deliver(&p, &ring)
	n.server.ring(ring)
	if err != nil && err != ErrOverloaded {
		n.bad("a message", err)
	}
	return err != ErrOverloaded
}

// bad counts, and now and then logs, what came from the bus and cannot be used.
func (n node) bad(what string, err error) {
	n.server.busBad.Add(1)
	if n.server.badLogged.now() {
		n.server.options.Log.Warn(what+" from the bus cannot be used", "error", err)
	}
}

// Hear acts on an event that nodes act on themselves, and runs the subscribers.
func (n node) Hear(e *bus.Event) {
	switch e.Channel {
	case bus.SendMessageToAll:
		n.sendToAll(e.Payload)
	case bus.MessageError:
		n.sendError(e.Payload)
	case bus.DisconnectClient:
		n.disconnect(e.Payload)
	}
	n.server.subscribers.Dispatch(e)
}

// sendToAll sends the event to all clients, without what only nodes read.
func (n node) sendToAll(payload []byte) {
	message, err := withoutNode(payload)
	if err != nil {
		n.bad("an event of "+bus.SendMessageToAll, err)
		return
	}
	if !n.Deliver(bus.Message{To: bus.All, Payload: message}) {
		n.bad("an event of "+bus.SendMessageToAll, ErrOverloaded)
	}
}

// withoutNode is the event, a JSON object, without what only nodes read.
func withoutNode(payload []byte) ([]byte, error) {
	return withoutMembers(payload, "workerId", "includeSender")
}

// withoutMembers is a JSON object without the members of these names.
func withoutMembers(object []byte, names ...string) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, errNoObject
	}
	rest := []byte{'{'}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if slices.Contains(names, key.(string)) {
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = codec.AppendString(rest, key.(string))
		rest = append(append(rest, ':'), value...)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	return append(rest, '}'), nil
}

// sendError tells a client of an error.
func (n node) sendError(payload []byte) {
	var event struct {
		ClientID string `json:"clientId"`
		Error    string `json:"error"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		n.bad("an event of "+bus.MessageError, err)
		return
	}
	if id, ok := shard.ParseID(event.ClientID); ok { // or it is another application's client
		n.server.Visit(id, func(c *Context) { c.loop.replyError(event.Error, "", nil) })
	}
}

// disconnect closes a client.
func (n node) disconnect(payload []byte) {
	var event struct {
		ClientID string `json:"clientId"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		n.bad("an event of "+bus.DisconnectClient, err)
		return
	}
	if id, ok := shard.ParseID(event.ClientID); ok {
		n.server.Disconnect(id, "")
	}
}
