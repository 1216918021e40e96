package core

import (
	"container/heap"
	"slices"
)

// roomHeap keeps the first rooms in an order, at most limit of those that are offered.
// The one that comes last is on top. Sort order and bound are set before use.
type roomHeap struct {
	rooms     []RoomInfo
	before    func(a, b RoomInfo) int
	limit     int
	truncated bool // a room had no place
}

// offer keeps the room if it is among the first.
func (h *roomHeap) offer(room RoomInfo) {
	if len(h.rooms) < h.limit {
		heap.Push(h, room)
		return
	}
	h.truncated = true
	if h.before(room, h.rooms[0]) < 0 {
		h.rooms[0] = room
		heap.Fix(h, 0)
	}
}

// sorted returns the rooms that were kept, in order. The heap is of no use then.
func (h *roomHeap) sorted() someRooms {
	slices.SortFunc(h.rooms, h.before)
	return someRooms{h.rooms, h.truncated}
}

// The methods of container/heap.

func (h *roomHeap) Len() int           { return len(h.rooms) }
func (h *roomHeap) Less(i, j int) bool { return h.before(h.rooms[i], h.rooms[j]) > 0 }
func (h *roomHeap) Swap(i, j int)      { h.rooms[i], h.rooms[j] = h.rooms[j], h.rooms[i] }

// Push adds a room. See container/heap.
func (h *roomHeap) Push(room any) { h.rooms = append(h.rooms, room.(RoomInfo)) }

// Pop takes the last room. See container/heap.
func (h *roomHeap) Pop() any {
	last := len(h.rooms) - 1
	room := h.rooms[last]
	h.rooms = h.rooms[:last]
	return room
}
