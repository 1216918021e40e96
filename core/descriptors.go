package core

import (
	"fmt"
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptors are shared by clients, the admin listener, the bus and whatever
// handlers open. An accept that finds none left can refuse nobody, so clients are
// refused well before: the kernel hands out the lowest free number,
// so the number of a new connection's descriptor tells how many are in use,
// whoever opened them.
type descriptors struct {
	refuse int // from this number on, answer 503, unless a handshake below can give way
	drop   int // from this number on, a handshake gives way, or close at once
	cap    int // clients that can be served
}

const (
	// AdminDescriptors is what the admin listener may hold in connections.
	AdminDescriptors = 64
	// processDescriptors covers standard streams, logs, the bus, the probes of
	// the runtime, and a burst of outgoing connections.
	processDescriptors = 64
	// loopDescriptors covers a loop's epoll, its event descriptor and its
	// listeners.
	loopDescriptors = 8
	// refusalRoom is the descriptors with which refused upgrades get an answer.
	refusalRoom = 64
)

// planDescriptors divides the process's descriptor limit.
func planDescriptors(limit, loops, maxConnections int) (descriptors, error) {
	own := processDescriptors + AdminDescriptors + loops*loopDescriptors
	spare := limit - own - refusalRoom
	if spare < 1 {
		return descriptors{}, fmt.Errorf("the descriptor limit is %d, and %d are needed before the first client: raise it (ulimit -n)", limit, own+refusalRoom+1)
	}
	if maxConnections > spare {
		return descriptors{}, fmt.Errorf("max-connections is %d, but the descriptor limit of %d leaves room for %d: raise it (ulimit -n)", maxConnections, limit, spare)
	}
	if maxConnections == 0 {
		maxConnections = spare
	}
	drop := limit - processDescriptors/2
	return descriptors{refuse: drop - refusalRoom, drop: drop, cap: maxConnections}, nil
}

// descriptorLimit returns the number of descriptors the process may hold.
func descriptorLimit() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reading the descriptor limit: %w", err)
	}
	return int(min(limit.Cur, 1<<30)), nil
}

// anyDescriptor is above all descriptors.
const anyDescriptor = math.MaxInt

// yielding is the connection that gives way where descriptors are wanted: it is no
// client, and its descriptor is below the given one. It is a peer's that has been
// refused and should have gone, or else the next of the arrivals. Nil: there is none.
func (l *loop) yielding(below int) *handshake {
	if h := l.leaving.oldestBelow(below); h != nil {
		return h
	}
	h := l.arrivals.next(l.handshakes, below)
	if h != nil {
		l.counters.Refused[refusedDescriptors]++
	}
	return h
}

// squeeze has another connection give way to a new one whose descriptor is too high,
// and moves the new one to that one's: while high numbers stayed in use the lowest free
// one would not tell how many are. It reports whether there was one to give way.
func (l *loop) squeeze(fd *int) bool {
	h := l.yielding(l.server.descriptors.drop)
	if h == nil {
		return false
	}
	*fd = l.poll.Replace(h.handle, *fd)
	l.forget(h)
	return true
}

// scarce reports whether too few descriptors are left for a connection to become a
// client, and has another one give way to it where that helps.
func (l *loop) scarce(h *handshake) bool {
	refuse := l.server.descriptors.refuse
	if lowestDescriptor(h.fd) < refuse {
		return false
	}
	other := l.yielding(refuse)
	if other == nil {
		return true
	}
	l.dropHandshake(other)
	return false
}

// lowestDescriptor is the lowest free one: a copy of an open one gets it.
func lowestDescriptor(open int) int {
	lowest, err := unix.FcntlInt(uintptr(open), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return anyDescriptor // there is none
	}
	_ = unix.Close(lowest)
	return lowest
}
