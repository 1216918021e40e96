package shard

// Counters are a shard's own: counted without locks on its goroutine, and
// copied there when somebody asks.
type Counters struct {
	FramesOut uint64 // frames written to clients
	BytesOut  uint64 // bytes written to clients
	Writes    uint64 // write system calls that took them
	Skipped   uint64 // messages skipped for slow consumers
	Dropped   uint64 // frames thrown away with their client's connection
	Blocked   uint64 // times a socket was found full
}
