package shard

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/gannet-ws/gannet/codec"
)

// Options are what a shard has to know. All fields are required, but for those
// that say otherwise.
type Options struct {
	Node       uint64 // 48 bits, the same for all shards of a process
	Index      uint8  // the shard's number in its process
	Directory  *Directory
	Owner      Owner
	MaxBacklog int      // bytes that may wait for one client
	Overflow   Overflow // what happens at that limit
	MaxInbox   int      // bytes of messages that may wait for the shard's loop

	MaxMetadata int  // bytes of metadata that one client may have
	Messages    Rate // of messages that one client may send; zero: no limit
	Bytes       Rate // of their bytes; zero: no limit
}

// Owner is told what the shard cannot do itself. Its methods are called on the
// shard's goroutine, never while the shard walks a list of clients unless they say
// otherwise.
type Owner interface {
	// Drop closes the client's connection, which calls Shard.Remove.
	Drop(c *Client)
	// Overflowed ends a client whose backlog met the limit.
	Overflowed(c *Client)
	// Flushed is called after Finish, when all has been written.
	Flushed(c *Client)
	// AwaitRoom has Shard.Writable called whenever the client's socket has room, if
	// Client.Awaited says so, or else no more. It may be called during a walk, in
	// which it may Doom the client and do nothing else to the shard.
	AwaitRoom(c *Client)
}

// Shard is the state of one event loop.
type Shard struct {
	options Options
	slots   slots
	rooms   rooms
	nodes   nodes

	inbox   inbox
	waiting atomic.Int64 // cost of the ops that are posted and not yet done
	ops     []Op         // taken from the inbox, in order
	next    int          // first of ops that has not been started
	walk    walk

	dirty      []*Client // to flush at the end of the turn
	blocked    int       // clients whose sockets are full
	overflowed []*Client // to hand to Owner.Overflowed
	flushed    []*Client // to hand to Owner.Flushed
	doomed     []*Client // to hand to Owner.Drop
	scratch    []byte    // where the frames of one write are gathered
	pending    int       // sealed bytes that wait for clients with a transport

	// Now is the time in milliseconds from a start of the owner's choice, who
	// sets it. It wraps around after 49 days: compare differences.
	Now uint32
	// Counters count since the shard was made.
	Counters Counters
}

// New returns an empty shard. It does not belong to a goroutine yet.
func New(options Options) *Shard {
	s := &Shard{options: options}
	s.rooms.byName = map[string]*room{}
	return s
}

// Index returns the shard's number in its process.
func (s *Shard) Index() uint8 { return s.options.Index }

// Add makes a client of a connection and gives it its id. It returns nil when
// the shard has no slot left.
func (s *Shard) Add(socket Socket, user *User) *Client {
	c, slot := s.slots.take()
	if c == nil {
		return nil
	}
	c.generation++
	id := newID(s.options.Node, s.options.Index, slot, c.generation, nonZero(rand.Uint32()))
	c.high = id.high
	c.socket, c.user = socket, user
	c.state = Open
	c.Seen, c.Active = s.Now, s.Now
	c.messages, c.bytes = s.options.Messages.Burst, s.options.Bytes.Burst
	c.tag.Store(id.low)
	s.options.Directory.addClient(s.options.Index, c)
	return c
}

// SetUser puts another token's user in the place of the client's: with the same
// ID, under which it stays in the directory.
func (s *Shard) SetUser(c *Client, user *User) { c.user = user }

// SetWindow has messages to the client compressed from now on, where they have a
// frame for the window. It is called once at most, before anything is sent.
func (s *Shard) SetWindow(c *Client, w codec.Window) {
	c.flags |= flags(w) << windowShift
	s.options.Directory.countWindow(w, 1)
}

// nonZero keeps a live client's tag from ever being 0.
func nonZero(random uint32) uint32 {
	return max(random, 1)
}

// Remove frees the record of a connection that has been closed.
func (s *Shard) Remove(c *Client) {
	if c.state == Free {
		return
	}
	s.LeaveAll(c)
	s.options.Directory.removeClient(s.options.Index, c)
	s.Counters.Dropped += uint64(c.queue.clear(&s.nodes, false))
	s.unblock(c)
	s.unwrap(c)
	c.Reader.Release()
	slot := c.slot()
	c.tag.Store(0)
	c.high, c.socket, c.user = 0, Socket{FD: -1}, nil
	c.queue, c.state, c.flags, c.controls, c.Reason = queue{}, Free, 0, 0, 0
	c.Seen, c.Active, c.Deadline = 0, 0, 0
	c.rooms.release()
	c.messages, c.bytes, c.Strikes = 0, 0, 0
	s.slots.clearMetadata(slot)
	s.slots.clearRemote(slot)
	s.slots.put(slot)
}

// Find returns the client with the id, nil when it is not here (any more).
func (s *Shard) Find(id ID) *Client {
	if id.Slot() >= s.slots.used {
		return nil
	}
	if c := s.slots.at(id.Slot()); c.ID() == id && c.state != Free {
		return c
	}
	return nil
}

// Alive reports whether the client with the id is connected. Any goroutine may
// call it.
func (s *Shard) Alive(id ID) bool {
	c := s.slots.find(id.Slot())
	return c != nil && id.high == s.high(id.Slot()) && id.low != 0 && c.tag.Load() == id.low
}

func (s *Shard) high(slot uint32) uint64 {
	return newID(s.options.Node, s.options.Index, slot, 0, 0).high
}

// Len returns the number of clients.
func (s *Shard) Len() int { return s.slots.open }

// Backlog returns the bytes that wait for all clients.
func (s *Shard) Backlog() int { return s.nodes.bytes + s.pending }

// Slots returns the number of records that have ever been used: the bound for
// Each.
func (s *Shard) Slots() int { return int(s.slots.used) }

// Each calls f for the clients in the slots from (included) to to (excluded),
// in the order of memory. f may remove the client.
func (s *Shard) Each(from, to int, f func(*Client)) {
	for slot := from; slot < min(to, int(s.slots.used)); slot++ {
		if c := s.slots.at(uint32(slot)); c.state != Free {
			f(c)
		}
	}
}

// Join makes the client a member of the room. It reports false when it was one
// already. The name may be a view: it is copied where it is kept.
func (s *Shard) Join(c *Client, name string) bool {
	if !s.join(c, name) {
		return false
	}
	s.options.Directory.addMember(s.rooms.get(name).name, s.options.Index)
	return true
}

// Leave ends the client's membership of the room. It reports false when it was
// no member.
func (s *Shard) Leave(c *Client, name string) bool {
	i := s.membership(c, name)
	if i < 0 {
		return false
	}
	s.leave(c, i)
	s.options.Directory.removeMember(name, s.options.Index)
	return true
}

// LeaveAll ends all of the client's memberships.
func (s *Shard) LeaveAll(c *Client) {
	for len(c.rooms) > 0 {
		i := len(c.rooms) - 1
		name := s.rooms.list[c.rooms[i].room].name
		s.leave(c, i)
		s.options.Directory.removeMember(name, s.options.Index)
	}
}

// IsMember reports whether the client is in the room.
func (s *Shard) IsMember(c *Client, name string) bool { return s.membership(c, name) >= 0 }

// Members returns the open clients that are in the room.
func (s *Shard) Members(name string) []ID {
	found := s.rooms.get(name)
	if found == nil {
		return nil
	}
	ids := make([]ID, 0, len(found.members))
	for _, m := range found.members {
		if m.slot != hole {
			ids = append(ids, s.slots.at(m.slot).ID())
		}
	}
	return ids
}

// Membership is IsMember, and returns the room's name as the shard keeps it:
// where room is a view, the result may be kept.
func (s *Shard) Membership(c *Client, room string) (name string, member bool) {
	i := s.membership(c, room)
	if i < 0 {
		return "", false
	}
	return s.rooms.list[c.rooms[i].room].name, true
}

// Rooms appends the names of the client's rooms to dst.
func (s *Shard) Rooms(c *Client, dst []string) []string {
	for _, m := range c.rooms {
		dst = append(dst, s.rooms.list[m.room].name)
	}
	return dst
}

// RoomCount returns the number of rooms the client is in.
func (s *Shard) RoomCount(c *Client) int { return len(c.rooms) }
