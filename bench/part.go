package bench

// part is those of a generator's sockets that one process holds: this one, see
// local, or a child, see remote.
type part interface {
	// observe returns how the sockets stand, after close how they stood. Any
	// goroutine may call it.
	observe() observation
	// order tells the loops what to do, which they do soon.
	order(o order)
	// failure returns why the process cannot go on, or nil. Any goroutine may
	// call it.
	failure() error
	// child is the process that holds the sockets, 0 for this one.
	child() int
	// close closes the sockets and returns what was counted.
	close() (*tally, error)
}

// observation is how the sockets of a process stand.
type observation struct {
	State   state
	Trouble string // the first thing that went wrong with a socket; empty: nothing
	Setback string // the first that went wrong with one coming back after a break
	Puzzle  string // the first answer to a hello that made no socket ready
}

// order is what loops are told. Orders travel to other processes as they are.
type order string

const (
	talk  order = "talk"  // sockets begin to send, see requests
	hush  order = "hush"  // and cease to
	sever order = "sever" // all connections are reset, and begun again
)
