package main

import "sync"

// rooms knows the members of rooms. It may be used from any goroutine.
type rooms[C comparable] struct {
	mu      sync.RWMutex
	members map[string]map[C]struct{}
}

func newRooms[C comparable]() *rooms[C] {
	return &rooms[C]{members: make(map[string]map[C]struct{})}
}

func (r *rooms[C]) join(room string, client C) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[room] == nil {
		r.members[room] = make(map[C]struct{})
	}
	r.members[room][client] = struct{}{}
}

// leave takes a client out of all its rooms.
func (r *rooms[C]) leave(client C) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for room, members := range r.members {
		delete(members, client)
		if len(members) == 0 {
			delete(r.members, room)
		}
	}
}

// of returns the members of a room, in a slice of the caller's: writing to them
// under the lock would hold up joins, and a failed write may call leave.
func (r *rooms[C]) of(room string) []C {
	r.mu.RLock()
	defer r.mu.RUnlock()
	clients := make([]C, 0, len(r.members[room]))
	for client := range r.members[room] {
		clients = append(clients, client)
	}
	return clients
}
