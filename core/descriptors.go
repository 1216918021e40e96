package core

import (
	"fmt"
	"syscall"
)

// Descriptors are shared by clients, the admin listener, the bus and whatever
// handlers open. An accept that finds none left can refuse nobody, so clients are
// refused well before: the kernel hands out the lowest free number,
// so the number of a new connection's descriptor tells how many are in use,
// whoever opened them.
type descriptors struct {
	refuse int // from this number on, answer 503
	drop   int // from this number on, close at once
	cap    int // connections that can be served
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
