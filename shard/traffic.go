package shard

// What is published to rooms is counted in the directory, by who publishes it: one
// addition for each message, however many members it has.

// Reach is Room for who publishes a message to the room: the message is counted, and
// watched tells whether somebody watches the room.
func (d *Directory) Reach(name string) (shards ShardSet, members int, watched bool) {
	s := d.stripe(name)
	s.RLock()
	defer s.RUnlock()
	watched = s.watched[name] > 0
	p := s.rooms[name]
	if p == nil {
		return ShardSet{}, 0, watched
	}
	p.messages.Add(1)
	return p.shards, int(p.members), watched
}

// EachTraffic is EachRoom, and tells how many messages were published to the room
// since the last call, or since it got its first member. There is one count: two
// who call it take from each other.
func (d *Directory) EachTraffic(f func(name string, members, messages int)) {
	for i := range d.stripes {
		s := &d.stripes[i]
		s.RLock()
		for name, p := range s.rooms {
			messages := p.messages.Load()
			if messages > 0 {
				messages = p.messages.Swap(0)
			}
			f(name, int(p.members), int(messages))
		}
		s.RUnlock()
	}
}
