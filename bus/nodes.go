package bus

import "time"

// Figures are what a node tells of itself with each sign of life. They cost next
// to nothing to make.
type Figures struct {
	State         string  `json:"state"` // starting, running, draining: the node's word
	Clients       int     `json:"clients"`
	Users         int     `json:"users"`
	Rooms         int     `json:"rooms"`
	UptimeSeconds float64 `json:"uptimeSeconds"`
}

// NodeStatus is what is known of a node.
type NodeStatus struct {
	ID string `json:"node"` // 12 hex digits
	Figures
	LastSeen time.Time `json:"lastSeen"` // by this node's clock
	// Doubtful says that this node does not hear the others at present: the
	// node was alive when it last did.
	Doubtful bool `json:"doubtful,omitempty"`
}

// LostNode is a node that has gone without saying so: it died, hangs, or is cut off.
type LostNode struct {
	NodeStatus           // as it was when it was last heard
	LostAt     time.Time `json:"lostAt"` // when it was taken for dead, by this node's clock
}

// LossReporter is a Bus that tells nodes that have gone without saying so from those
// that have left.
type LossReporter interface {
	// Lost returns the nodes that have been lost lately and are not back, the last one
	// first. Any goroutine may call it, and it does not wait. The slice is the caller's.
	Lost() []LostNode
}
