package core

// waiting is a loop's handshakes whose request is awaited, in the order in which
// they came.
type waiting struct {
	oldest, newest *handshake
	size           int
}

// add puts a handshake behind all others.
func (w *waiting) add(h *handshake) {
	h.waits, h.older = true, w.newest
	if w.newest == nil {
		w.oldest = h
	} else {
		w.newest.newer = h
	}
	w.newest = h
	w.size++
}

// remove takes a handshake out, if it is in.
func (w *waiting) remove(h *handshake) {
	if !h.waits {
		return
	}
	if h.older == nil {
		w.oldest = h.newer
	} else {
		h.older.newer = h.newer
	}
	if h.newer == nil {
		w.newest = h.older
	} else {
		h.newer.older = h.older
	}
	h.waits, h.older, h.newer = false, nil, nil
	w.size--
}
