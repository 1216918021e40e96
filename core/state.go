package core

// State is how far a server has come.
type State int32

// The states in their order.
const (
	StateNew State = iota
	StateStarting
	StateRunning
	StateDraining
	StateStopped
)

var stateNames = [...]string{"new", "starting", "running", "draining", "stopped"}

// String returns the state's word.
func (s State) String() string { return stateNames[s] }

// State returns how far the server has come. It is ready for clients while it
// is StateRunning.
func (s *Server) State() State { return State(s.state.Load()) }
