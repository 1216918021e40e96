// Package bench is the load generator with which a server is checked: many
// sockets on few goroutines, scenarios that count every message, and the floor,
// a bare loop of write(2), measured in the same run for comparison.
//
// It speaks to ws:// and wss:// servers, in Gannet's protocol or, where a Dialect
// says so, in another one.
//
// A scenario is a struct of flags with a Run method: Fanout, Merged, Idle, Echo,
// Rooms, Cluster, Storm, Peers and Floor. Run prints its report and returns an error when
// the measurement failed or when a message was lost, so its exit status can be
// trusted. FloorServer is the process that the scenarios start as their floor, and
// GeneratorProcess the one that they start when they need more sockets than one
// process may hold.
//
// Latency is the time from the moment at which a message was due, not from that at
// which it was sent, until its delivery: what a server that stalls keeps from being
// sent waits, too, and counts (coordinated omission). Where a socket sends when it
// is answered nothing is due. There, as HDR histograms do it, a wait that is longer
// than the median counts with the waits of those that would have begun meanwhile, a
// median apart. A flood keeps its queue full, and its latency is that of the queue.
// All values are kept in a histogram whose quantiles are less than 1 % too small.
//
// The package works on Linux and with IPv4, and reads CPU and memory of a server
// only on the same machine.
package bench
