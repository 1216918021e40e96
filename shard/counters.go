package shard

import "math/bits"

// Counters are a shard's own: counted without locks on its goroutine, and
// copied there when somebody asks.
type Counters struct {
	FramesOut uint64 // frames written to clients
	BytesOut  uint64 // bytes written to clients
	Writes    uint64 // write system calls that took them
	Skipped   uint64 // messages skipped for slow consumers
	Dropped   uint64 // frames thrown away with their client's connection
	Blocked   uint64 // times a socket was found full

	// Batches are the writes by the number of frames that each completed, which is
	// FramesOut in all. Where a transport seals in pieces, all of them are one.
	Batches [BatchSizes]uint64
}

// BatchSizes is the number of sizes by which Counters.Batches are told apart. Number
// i has the writes of up to 1<<i frames, and of more than number i-1; the last one
// has all that are larger.
const BatchSizes = 12

// wrote counts a write that the socket took, and the frames that it completed.
func (c *Counters) wrote(frames int) {
	c.FramesOut += uint64(frames)
	c.Batches[min(bits.Len(uint(max(frames, 1)-1)), BatchSizes-1)]++
}
