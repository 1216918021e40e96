package core

// waiting is handshakes of a loop that wait for the same, in the order in which they
// began to.
type waiting struct {
	oldest, newest *place
	size           int
}

// place is a handshake's among those that wait.
type place struct {
	of           *handshake
	taken        bool
	older, newer *place
}

// add puts a handshake behind all others, at a place of its own.
func (w *waiting) add(h *handshake, p *place) {
	*p = place{of: h, taken: true, older: w.newest}
	if w.newest == nil {
		w.oldest = p
	} else {
		w.newest.newer = p
	}
	w.newest = p
	w.size++
}

// remove takes a handshake out, if it is in.
func (w *waiting) remove(p *place) {
	if !p.taken {
		return
	}
	if p.older == nil {
		w.oldest = p.newer
	} else {
		p.older.newer = p.newer
	}
	if p.newer == nil {
		w.newest = p.older
	} else {
		p.newer.older = p.older
	}
	*p = place{}
	w.size--
}

// oldestBelow is the oldest of the handshakes that have a descriptor below the given
// one, nil if there is none. It looks past those above one by one: the reserve of
// descriptors bounds their number.
func (w *waiting) oldestBelow(descriptor int) *handshake {
	for p := w.oldest; p != nil; p = p.newer {
		if p.of.fd < descriptor {
			return p.of
		}
	}
	return nil
}
