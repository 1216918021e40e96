package bus

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// Hub joins the nodes of one process: several servers, or a server and code that
// only sends. Nothing is lost on it, and nothing waits.
type Hub struct {
	mu   sync.Mutex
	open atomic.Pointer[[]seat] // replaced, never changed
}

// seat is a member that is open, with its node.
type seat struct {
	*Member
	node Node
}

// NewHub returns a hub without members.
func NewHub() *Hub {
	h := &Hub{}
	h.open.Store(&[]seat{})
	return h
}

// Join returns the bus of one member more.
func (h *Hub) Join() *Member { return &Member{hub: h} }

// Member is a hub's bus for one node.
type Member struct {
	hub *Hub

	mu    sync.RWMutex
	rooms map[string]bool // that have members on the node
}

// Open makes the node a receiver.
func (m *Member) Open(node Node) error {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	open := *m.hub.open.Load()
	if slices.ContainsFunc(open, m.sits) {
		return errors.New("bus is open already: a member of a hub serves one node")
	}
	m.forgetRooms()
	open = append(slices.Clip(open), seat{m, node})
	m.hub.open.Store(&open)
	return nil
}

func (m *Member) sits(on seat) bool { return on.Member == m }

// forgetRooms leaves those of an earlier node.
func (m *Member) forgetRooms() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rooms = map[string]bool{}
}

// Close ends the node's part in the hub. What others are just sending may still
// arrive.
func (m *Member) Close() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	open := slices.DeleteFunc(slices.Clone(*m.hub.open.Load()), m.sits)
	m.hub.open.Store(&open)
}

// others yields the open members but this one.
func (m *Member) others(yield func(seat) bool) {
	for _, other := range *m.hub.open.Load() {
		if other.Member != m && !yield(other) {
			return
		}
	}
}

// Publish hands the message to the nodes that may hold some of its audience.
func (m *Member) Publish(message Message) error {
	var failed error
	for other := range m.others {
		if (message.To != Room || other.has(message.Room)) && !other.node.Deliver(message) {
			failed = errNodeFull
		}
	}
	return failed
}

var errNodeFull = errors.New("another node has no room for the message")

// Emit hands the event to the nodes that have subscribers for it.
func (m *Member) Emit(e *Event) error {
	for other := range m.others {
		if other.wants(e.Channel) {
			other.node.Hear(e)
		}
	}
	return nil
}

// Reply hands an application's answer to the node that holds the client: nodeID is
// the first 12 digits of the client's id. It reports whether that node is open.
func (m *Member) Reply(nodeID string, payload []byte) bool {
	for other := range m.others {
		if other.node.ID() == nodeID {
			other.node.Reply(payload)
			return true
		}
	}
	return false
}

// Wanted reports whether another node has subscribers for the channel.
func (m *Member) Wanted(channel string) bool {
	for other := range m.others {
		if other.wants(channel) {
			return true
		}
	}
	return false
}

func (s seat) wants(channel string) bool {
	return nodeChannel(channel) || s.node.Wants(channel)
}

// nodeChannel reports whether every node acts on the channel's events itself.
func nodeChannel(channel string) bool {
	return channel == SendMessageToAll || channel == MessageError || channel == DisconnectClient
}

func (m *Member) has(room string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.rooms[room]
}

// Enter notes the room.
func (m *Member) Enter(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rooms[room] = true
}

// Leave forgets the room.
func (m *Member) Leave(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rooms, room)
}

// Standing is always true: Enter has done it.
func (m *Member) Standing(string) bool { return true }

// Await calls done at once.
func (m *Member) Await(_ string, done func(error)) { done(nil) }
