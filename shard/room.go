package shard

import "strings"

// room is this shard's part of a room. Members stand in one compact list of
// slots, walked in order; each member's record knows its place in that list and
// the list knows the place in the record, so that joining and leaving cost the
// same in a room of two and in a room of a hundred thousand.
type room struct {
	name    string
	number  uint32 // index in rooms.list
	members []member
	walking bool // a walk is under way: removal leaves a hole instead of moving
	holes   int
}

type member struct {
	slot uint32 // the client's, or hole
	at   uint32 // index of the membership in the client's record
}

const hole = ^uint32(0)

// rooms are the rooms of a shard, by name and by number.
type rooms struct {
	byName map[string]*room
	list   []*room
	free   []uint32
}

func (r *rooms) get(name string) *room { return r.byName[name] }

func (r *rooms) open(name string) *room {
	if found := r.byName[name]; found != nil {
		return found
	}
	name = strings.Clone(name)
	opened := &room{name: name}
	if n := len(r.free); n > 0 {
		opened.number = r.free[n-1]
		r.free = r.free[:n-1]
		r.list[opened.number] = opened
	} else {
		opened.number = uint32(len(r.list))
		r.list = append(r.list, opened)
	}
	r.byName[name] = opened
	return opened
}

func (r *rooms) closeIfEmpty(emptied *room) {
	if len(emptied.members) > 0 || emptied.walking {
		return
	}
	delete(r.byName, emptied.name)
	r.list[emptied.number] = nil
	r.free = append(r.free, emptied.number)
}

// join makes the client a member; it reports false when it is one already.
func (s *Shard) join(c *Client, name string) bool {
	if s.membership(c, name) >= 0 {
		return false
	}
	joined := s.rooms.open(name)
	joined.members = append(joined.members, member{slot: c.slot(), at: uint32(len(c.rooms))})
	c.rooms = append(c.rooms, membership{room: joined.number, at: uint32(len(joined.members) - 1)})
	return true
}

// membership returns the index of the room in the client's record, or -1.
func (s *Shard) membership(c *Client, name string) int {
	found := s.rooms.get(name)
	if found == nil {
		return -1
	}
	for i, m := range c.rooms {
		if m.room == found.number {
			return i
		}
	}
	return -1
}

// leave ends the client's membership at index i of its record.
func (s *Shard) leave(c *Client, i int) {
	gone := c.rooms[i]
	left := s.rooms.list[gone.room]

	last := len(c.rooms) - 1
	if i != last {
		moved := c.rooms[last]
		c.rooms[i] = moved
		s.rooms.list[moved.room].members[moved.at].at = uint32(i)
	}
	c.rooms = c.rooms[:last]

	if left.walking {
		left.members[gone.at].slot = hole
		left.holes++
		return
	}
	s.removeMember(left, gone.at)
	s.rooms.closeIfEmpty(left)
}

// removeMember moves the last member into the place at.
func (s *Shard) removeMember(left *room, at uint32) {
	last := uint32(len(left.members) - 1)
	if at != last {
		moved := left.members[last]
		left.members[at] = moved
		if moved.slot != hole {
			s.slots.at(moved.slot).rooms[moved.at].at = at
		}
	}
	left.members = left.members[:last]
	if int(last) < cap(left.members)/4 && last > 64 {
		left.members = append(make([]member, 0, last*2), left.members...)
	}
}

// endWalk closes the holes that removals left during a walk.
func (s *Shard) endWalk(walked *room) {
	walked.walking = false
	for i := len(walked.members) - 1; walked.holes > 0; i-- {
		if walked.members[i].slot == hole {
			s.removeMember(walked, uint32(i))
			walked.holes--
		}
	}
	s.rooms.closeIfEmpty(walked)
}
