package redis

import (
	"bytes"
	"slices"

	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
)

// Events go over the channels that PXL's workers use too, as JSON objects
// without a header. Who sent one stands in its workerId: a node's id, or the
// number of a worker.

// heard are the channels on which every node acts itself.
var heard = []string{bus.SendMessageToAll, bus.MessageError, bus.DisconnectClient}

// eventChannels returns the channels of events to listen to.
func eventChannels(node bus.Node) []string {
	wanted, all := node.Channels()
	if all {
		wanted = append(wanted, bus.PXLChannels()...)
	}
	channels := append(slices.Clone(heard), wanted...)
	slices.Sort(channels)
	return slices.Compact(channels)
}

// origin is what a node reads of an event.
type origin struct {
	WorkerID      sonic.NoCopyRawMessage `json:"workerId"`
	IncludeSender any                    `json:"includeSender"`
}

// sender returns the id of the node that sent it, "" if none is known.
func (o *origin) sender() string {
	if string(o.WorkerID) == "null" {
		return ""
	}
	if id, ok := codec.Unquote([]byte(o.WorkerID)); ok {
		return id
	}
	return string(o.WorkerID)
}

// deliverEvent has the node hear an event. It ignores its own, which it has heard
// already, unless the event asks for its sender to be included.
func (r *receiver) deliverEvent(m *received) error {
	if !codec.ValidJSON(m.message) {
		return errNotJSON
	}
	var from origin
	if !isPlain(bytes.TrimLeft(m.message, " \t\r\n")) || plainJSON.Unmarshal(m.message, &from) != nil {
		return errNotObject
	}
	event := &bus.Event{Channel: r.names.ofEvent(m.channel), Payload: m.message, Sender: from.sender()}
	if r.ignores(event, from.IncludeSender == true) {
		return nil
	}
	r.node.Hear(event)
	return nil
}

// isOfNodes reports whether an event is a node's message for all clients, which
// other nodes get on a channel of their own.
func isOfNodes(e *bus.Event) bool {
	if e.Channel != bus.SendMessageToAll {
		return false
	}
	var from origin
	_ = plainJSON.Unmarshal(e.Payload, &from) // what is no object has no sender
	_, isNode := parseNodeID(from.sender())
	return isNode
}

func (r *receiver) ignores(e *bus.Event, includeSender bool) bool {
	if e.Channel == bus.SendMessageToAll {
		_, isNode := parseNodeID(e.Sender) // whose message came on the channel of nodes too
		return isNode
	}
	own := e.Sender == nodeID(r.names.id)
	return own && !(e.Channel == bus.MessageError && includeSender)
}

// forNodes is an event as other nodes and PXL's workers get it. An error of this
// node's does not ask for its sender: it has been heard here, and would come back.
func (n *names) forNodes(e *bus.Event) ([]byte, error) {
	if e.Channel != bus.MessageError || e.Sender != nodeID(n.id) {
		return e.Payload, nil
	}
	return without(e.Payload, "includeSender")
}

// forWorkers is a message as PXL's workers send it to all clients: an object,
// whose own workerId would not count.
func forWorkers(payload []byte, id uint64) ([]byte, error) {
	members, isWhole := bytes.CutSuffix(bytes.TrimSpace(payload), []byte("}"))
	if !isWhole || !isPlain(members) {
		return nil, errNotObject
	}
	members = bytes.TrimSpace(members)
	message := append(make([]byte, 0, len(members)+32), members...)
	if len(members) > 1 {
		message = append(message, ',')
	}
	message = append(message, `"workerId":"`...)
	message = append(message, nodeID(id)...)
	return append(message, `"}`...), nil
}

// forClients is an event on SendMessageToAll as clients get it: without what only
// nodes read.
func forClients(payload []byte) ([]byte, error) { return without(payload, "workerId", "includeSender") }

// without is a JSON object without some of its members.
func without(object []byte, keys ...string) ([]byte, error) {
	var members map[string]sonic.NoCopyRawMessage
	if err := plainJSON.Unmarshal(object, &members); err != nil {
		return nil, errNotObject
	}
	for _, key := range keys {
		delete(members, key)
	}
	return plainJSON.Marshal(members)
}
