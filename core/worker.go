package core

// Worker is a server's place among several that share one address, each in a
// process of its own. The kernel divides new connections between them.
type Worker struct {
	Number   int    `json:"number"`   // from 0
	Restarts uint64 `json:"restarts"` // times that this worker's process has ended and been started again
}
