package redis

import (
	"strconv"
	"strings"

	"github.com/gannet-ws/gannet/bus"
)

// names are the names of channels.
type names struct {
	id     uint64 // of this node
	prefix string // of Gannet's own
	pxl    string // of PXL's and of applications'

	all    string // messages for all clients, or for some wherever they are
	survey string // questions to all nodes
	nodes  string // signs of life
	node   string // messages for this node
}

func newNames(o *Options, id uint64) *names {
	n := &names{id: id, prefix: o.Prefix, pxl: o.PXLPrefix, all: o.Prefix + "all", survey: o.Prefix + "survey", nodes: o.Prefix + "nodes"}
	n.node = n.ofNode(id)
	return n
}

// room returns the channel of a room. The braces are literal: Redis Cluster picks
// the server by what is between them.
func (n *names) room(name string) string { return n.prefix + "room:{" + name + "}" }

func (n *names) ofNode(id uint64) string { return n.prefix + "node:{" + nodeID(id) + "}" }

// probe returns the channel of probes with a number: each may have another slot.
func (n *names) probe(number int) string {
	return n.prefix + "probe:{" + nodeID(n.id) + "." + strconv.Itoa(number) + "}"
}

// isOurs reports whether a channel is Gannet's own.
func (n *names) isOurs(channel string) bool { return strings.HasPrefix(channel, n.prefix) }

// isForAll reports whether any client may be meant by what is published on a
// channel.
func (n *names) isForAll(channel string) bool {
	switch channel {
	case n.all, n.node, n.event(bus.SendMessageToAll), n.event(bus.MessageError):
		return true
	}
	return false
}

// event returns the channel of an event, as Redis knows it.
func (n *names) event(channel string) string { return n.pxl + channel }

// ofEvent is the reverse of event.
func (n *names) ofEvent(channel string) string { return strings.TrimPrefix(channel, n.pxl) }
