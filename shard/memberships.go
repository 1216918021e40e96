package shard

// membership is the client's side of a member.
type membership struct {
	room uint32 // index in rooms.list
	at   uint32 // index in the room's members
}

// memberships are a client's rooms.
type memberships []membership

// keptMemberships is how many of them an emptied list keeps memory for.
const keptMemberships = 8

// release lets go of the memory of a client that was in many rooms.
func (m *memberships) release() {
	if cap(*m) > keptMemberships {
		*m = nil
	}
}
