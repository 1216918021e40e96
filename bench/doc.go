// Package bench is the load generator with which a server is checked: many
// sockets on few goroutines, scenarios that count every message, and the floor,
// a bare loop of write(2), measured in the same run for comparison.
//
// A scenario is a struct of flags with a Run method: Fanout, Merged, Idle, Echo,
// Rooms, Cluster, Storm and Peers. Run prints its report and returns an error when
// the measurement failed or when a message was lost, so its exit status can be
// trusted. FloorServer is the process that the scenarios start as their floor, and
// GeneratorProcess the one that they start when they need more sockets than one
// process may hold.
//
// The package works on Linux and with IPv4, and reads CPU and memory of a server
// only on the same machine.
package bench
