package shard

// roomsWalk is what a walk through several rooms has to remember: the rooms that
// are left, and which clients have been visited, as one may be in several.
//
// All of the rooms count as walked from the start: who leaves one of them leaves
// a hole, and who joins comes behind its end. So the audience is who was in a
// room when the walk began, and a slot that another client takes meanwhile is in
// none of them.
type roomsWalk struct {
	left    []walkedRoom
	visited []uint64 // a bit for each slot
}

type walkedRoom struct {
	*room
	end int
}

// startRooms begins a walk through the rooms that have members here.
func (s *Shard) startRooms(names []string) {
	w := &s.walk.rooms
	words := (s.Slots() + 63) / 64
	if cap(w.visited) < words {
		w.visited = make([]uint64, words)
	}
	w.visited = w.visited[:words]
	clear(w.visited)
	for _, name := range names {
		if found := s.rooms.get(name); found != nil && !found.walking {
			found.walking = true
			w.left = append(w.left, walkedRoom{found, len(found.members)})
		}
	}
	s.nextRoom()
}

// nextRoom goes on with the next room of the walk, if there is one.
func (s *Shard) nextRoom() bool {
	w := &s.walk
	if len(w.rooms.left) == 0 {
		return false
	}
	if w.room != nil {
		s.endWalk(w.room)
	}
	last := len(w.rooms.left) - 1
	next := w.rooms.left[last]
	w.rooms.left[last] = walkedRoom{}
	w.rooms.left = w.rooms.left[:last]
	w.enter(next.room, next.end)
	return true
}

// repeats reports whether the client has been visited before, and notes that it
// has been now.
func (w *roomsWalk) repeats(c *Client) bool {
	slot := c.slot()
	word, bit := &w.visited[slot/64], uint64(1)<<(slot%64)
	visited := *word&bit != 0
	*word |= bit
	return visited
}
