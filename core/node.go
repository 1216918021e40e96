package core

import (
	"encoding/json"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// node is the server as its bus sees it: what other nodes and applications send
// comes in here.
type node struct{ server *Server }

// ID names the node.
func (n node) ID() string { return n.server.NodeID() }

// Channels returns the channels that the subscribers here want.
func (n node) Channels() (names []string, all bool) { return n.server.subscribers.Channels() }

// Deliver sends a message to clients of this node. One for which an event loop
// has no room is lost, and counted.
func (n node) Deliver(m bus.Message) {
	p := Publication{To: targetOf(&m), Message: codec.NewMessage(codec.OpText, m.Payload)}
	_, _ = n.server.Publish(p)
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
	if message, err := withoutNode(payload); err == nil {
		n.Deliver(bus.Message{To: bus.All, Payload: message})
	}
}

// withoutNode is the event, a JSON object, without what only nodes read.
func withoutNode(payload []byte) ([]byte, error) {
	var message map[string]json.RawMessage
	if err := json.Unmarshal(payload, &message); err != nil {
		return nil, err
	}
	if message == nil {
		return nil, errNoObject // null
	}
	delete(message, "workerId")
	delete(message, "includeSender")
	return json.Marshal(message)
}

// sendError tells a client of an error.
func (n node) sendError(payload []byte) {
	var event struct {
		ClientID string `json:"clientId"`
		Error    string `json:"error"`
	}
	if json.Unmarshal(payload, &event) != nil {
		return
	}
	id, ok := shard.ParseID(event.ClientID)
	if !ok {
		return
	}
	n.server.Visit(id, func(c *Context) { c.loop.replyError(event.Error, "", nil) })
}

// disconnect closes a client.
func (n node) disconnect(payload []byte) {
	var event struct {
		ClientID string `json:"clientId"`
	}
	if json.Unmarshal(payload, &event) != nil {
		return
	}
	if id, ok := shard.ParseID(event.ClientID); ok {
		n.server.Disconnect(id, "")
	}
}
