package shard

import "unsafe"

// membership is the client's side of a member.
type membership struct {
	room uint32 // index in rooms.list
	at   uint32 // index in the room's members
}

// memberships are a client's rooms: a slice in 16 bytes instead of 24, which
// keeps the client's record within two cache lines.
type memberships struct {
	first    *membership
	len, cap uint32
}

// list returns the memberships. Changing one of them changes the client's.
func (m *memberships) list() []membership { return unsafe.Slice(m.first, m.len) }

func (m *memberships) add(one membership) {
	grown := append(unsafe.Slice(m.first, m.cap)[:m.len], one)
	m.first, m.len, m.cap = unsafe.SliceData(grown), uint32(len(grown)), uint32(cap(grown))
}

// keptMemberships is how many of them an emptied list keeps memory for.
const keptMemberships = 8

// release lets go of the memory of a client that was in many rooms.
func (m *memberships) release() {
	if m.cap > keptMemberships {
		*m = memberships{}
	}
}
