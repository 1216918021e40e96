package shard

// A room can be watched by others than its members, and without having any: to the
// rest of the node it is present then, and Reach tells who publishes to it.

// Watch counts a watcher of the room. The name is kept.
func (d *Directory) Watch(name string) {
	s := d.stripe(name)
	s.Lock()
	defer s.Unlock()
	if s.watched == nil {
		s.watched = map[string]int{}
	}
	s.watched[name]++
	if s.watched[name] == 1 && s.rooms[name] == nil {
		d.present(name, true)
	}
}

// Unwatch ends what one Watch began.
func (d *Directory) Unwatch(name string) {
	s := d.stripe(name)
	s.Lock()
	defer s.Unlock()
	if s.watched[name]--; s.watched[name] > 0 {
		return
	}
	delete(s.watched, name)
	if s.rooms[name] == nil {
		d.present(name, false)
	}
}
