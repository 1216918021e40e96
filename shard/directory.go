package shard

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gannet-ws/gannet/codec"
)

// Directory tells any goroutine where clients are: which shards have members of
// a room, and which clients a user has. It is shared by all shards of a process
// and striped, so that two of them rarely meet at one lock.
type Directory struct {
	present func(room string, members bool)
	seed    maphash.Seed
	stripes [64]stripe
	clients [maxShards]atomic.Int64
	echoes  atomic.Int64                    // those of the clients that are echo clients
	windows [codec.WindowCount]atomic.Int64 // clients by their windows; those without one are not counted
	rooms   atomic.Int64
	users   atomic.Int64
}

type stripe struct {
	sync.RWMutex
	rooms   map[string]*presence
	users   map[string][]ID
	watched map[string]int // watchers by room; nil until there is one
}

// presence is where a room's members are.
type presence struct {
	shards   ShardSet
	members  uint32
	messages atomic.Uint32 // to the room, since EachTraffic was last called
	counts   []shardCount
}

type shardCount struct {
	shard uint8
	count int
}

// NewDirectory returns an empty directory. It calls present, which may be nil,
// whenever a room gets its first member or watcher, or loses its last, in that
// order for each room: under a lock, so present must neither wait nor use the
// directory.
func NewDirectory(present func(room string, members bool)) *Directory {
	if present == nil {
		present = func(string, bool) {}
	}
	d := &Directory{seed: maphash.MakeSeed(), present: present}
	for i := range d.stripes {
		d.stripes[i].rooms = map[string]*presence{}
		d.stripes[i].users = map[string][]ID{}
	}
	return d
}

// Clients returns the number of clients of all shards.
func (d *Directory) Clients() (n int) {
	for i := range d.clients {
		n += int(d.clients[i].Load())
	}
	return n
}

// Receivers returns the number of clients that a message to all goes to.
func (d *Directory) Receivers() int { return d.Clients() - int(d.echoes.Load()) }

// Windows returns the windows that clients have, and how many clients have one.
func (d *Directory) Windows() (windows codec.Windows, clients int) {
	for w := codec.Window15; w < codec.WindowCount; w++ {
		if n := int(d.windows[w].Load()); n > 0 {
			windows = windows.With(w)
			clients += n
		}
	}
	return windows, clients
}

// countWindow counts clients of a window.
func (d *Directory) countWindow(w codec.Window, clients int64) {
	if w != codec.NoWindow {
		d.windows[w].Add(clients)
	}
}

// Rooms returns the number of rooms that have members.
func (d *Directory) Rooms() int { return int(d.rooms.Load()) }

// Users returns the number of users who are connected.
func (d *Directory) Users() int { return int(d.users.Load()) }

// Room returns the shards that have members of the room, and how many members
// it has in all.
func (d *Directory) Room(name string) (shards ShardSet, members int) {
	s := d.stripe(name)
	s.RLock()
	defer s.RUnlock()
	if p := s.rooms[name]; p != nil {
		return p.shards, int(p.members)
	}
	return ShardSet{}, 0
}

// EachRoom calls f for each room that has members, in no order, with their
// number. f runs under a lock: it must neither wait nor use the directory.
func (d *Directory) EachRoom(f func(name string, members int)) {
	for i := range d.stripes {
		s := &d.stripes[i]
		s.RLock()
		for name, p := range s.rooms {
			f(name, int(p.members))
		}
		s.RUnlock()
	}
}

// User appends the user's clients to dst.
func (d *Directory) User(id string, dst []ID) []ID {
	s := d.stripe(id)
	s.RLock()
	defer s.RUnlock()
	return append(dst, s.users[id]...)
}

func (d *Directory) stripe(key string) *stripe {
	return &d.stripes[maphash.String(d.seed, key)%uint64(len(d.stripes))]
}

// addMember counts one member more.
func (d *Directory) addMember(name string, shard uint8) {
	s := d.stripe(name)
	s.Lock()
	defer s.Unlock()
	p := s.rooms[name]
	if p == nil {
		p = &presence{}
		s.rooms[name] = p
		d.rooms.Add(1)
		if s.watched[name] == 0 {
			d.present(name, true)
		}
	}
	p.members++
	p.shards.Add(shard)
	for i := range p.counts {
		if p.counts[i].shard == shard {
			p.counts[i].count++
			return
		}
	}
	p.counts = append(p.counts, shardCount{shard: shard, count: 1})
}

// removeMember counts one member less.
func (d *Directory) removeMember(name string, shard uint8) {
	s := d.stripe(name)
	s.Lock()
	defer s.Unlock()
	p := s.rooms[name]
	p.members--
	if p.members == 0 {
		delete(s.rooms, name)
		d.rooms.Add(-1)
		if s.watched[name] == 0 {
			d.present(name, false)
		}
		return
	}
	i := slices.IndexFunc(p.counts, func(c shardCount) bool { return c.shard == shard })
	if p.counts[i].count--; p.counts[i].count == 0 {
		p.counts = slices.Delete(p.counts, i, i+1)
		p.shards.Remove(shard)
	}
}

func (d *Directory) addClient(shard uint8, c *Client) {
	d.clients[shard].Add(1)
	if c.user == nil {
		return
	}
	s := d.stripe(c.user.ID)
	s.Lock()
	defer s.Unlock()
	if len(s.users[c.user.ID]) == 0 {
		d.users.Add(1)
	}
	s.users[c.user.ID] = append(s.users[c.user.ID], c.ID())
}

func (d *Directory) removeClient(shard uint8, c *Client) {
	d.clients[shard].Add(-1)
	if c.Echo() {
		d.echoes.Add(-1)
	}
	d.countWindow(c.Window(), -1)
	if c.user == nil {
		return
	}
	s := d.stripe(c.user.ID)
	s.Lock()
	defer s.Unlock()
	ids := s.users[c.user.ID]
	i := slices.Index(ids, c.ID())
	if ids = slices.Delete(ids, i, i+1); len(ids) > 0 {
		s.users[c.user.ID] = ids
		return
	}
	delete(s.users, c.user.ID)
	d.users.Add(-1)
}

// ShardSet is a set of shard numbers.
type ShardSet [maxShards / 64]uint64

// Add puts a shard into the set.
func (s *ShardSet) Add(shard uint8) { s[shard/64] |= 1 << (shard % 64) }

// AddAll puts the shards of another set into the set.
func (s *ShardSet) AddAll(other ShardSet) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Remove takes a shard out of the set.
func (s *ShardSet) Remove(shard uint8) { s[shard/64] &^= 1 << (shard % 64) }

// Has reports whether the shard is in the set.
func (s *ShardSet) Has(shard uint8) bool { return s[shard/64]&(1<<(shard%64)) != 0 }

// All yields the set's shards in ascending order.
func (s ShardSet) All(yield func(uint8) bool) {
	for i, word := range s {
		for word != 0 {
			if !yield(uint8(i*64 + bits.TrailingZeros64(word))) {
				return
			}
			word &= word - 1
		}
	}
}
