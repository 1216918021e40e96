package core

import "math/rand/v2"

// arrivals are a loop's handshakes whose request is awaited: all of them in the order
// in which they came, and those of each address. Only the loop's goroutine uses them.
type arrivals struct {
	all  waiting
	from map[addressKey]waiting // none is empty
}

// add puts a handshake behind all others, and behind those of its address.
func (a *arrivals) add(h *handshake) {
	a.all.add(h, &h.requested)
	a.group(h)
}

// remove takes a handshake out, if it is in.
func (a *arrivals) remove(h *handshake) {
	a.all.remove(&h.requested)
	a.ungroup(h)
}

// rename says that a handshake that is in comes from elsewhere. It keeps its place
// among all.
func (a *arrivals) rename(h *handshake, address addressKey) {
	a.ungroup(h)
	h.group = address
	a.group(h)
}

func (a *arrivals) group(h *handshake) {
	same := a.from[h.group]
	same.add(h, &h.grouped)
	a.from[h.group] = same
}

func (a *arrivals) ungroup(h *handshake) {
	same := a.from[h.group]
	same.remove(&h.grouped)
	if same.size == 0 {
		delete(a.from, h.group)
		return
	}
	a.from[h.group] = same
}

// crowd is the number of those that come from the same address as a handshake.
func (a *arrivals) crowd(h *handshake) int { return a.from[h.group].size }

// crowdSamples is the number of handshakes whose addresses are compared to find one
// that has many: who has half of them escapes once in 65,536 times.
const crowdSamples = 16

// next is the handshake that gives way when there are too many: the oldest of the
// address that has the most, as far as a few handshakes picked at random tell. One
// address pushes out its own before it does another's. Where none has more than others
// it is the oldest of all. It has a descriptor below the given one; nil if none has.
// among are all handshakes of the loop.
func (a *arrivals) next(among []*handshake, below int) *handshake {
	oldest := a.all.oldestBelow(below)
	if oldest == nil {
		return nil
	}
	most := a.from[oldest.group]
	for range crowdSamples {
		h := among[rand.IntN(len(among))]
		if h.fd >= below {
			continue
		}
		if same := a.from[h.group]; same.size > most.size {
			most = same
		}
	}
	return most.oldestBelow(below)
}
