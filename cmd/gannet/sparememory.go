package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A crowd that connects, over TLS above all, leaves about as much garbage and free
// memory behind as it keeps. Go's runtime collects when as much has been allocated
// again, which a server that only delivers does not do, and gives free memory back
// over minutes. So when things are calm again both is done at once.

const (
	// memoryStep is the time between two looks at the memory.
	memoryStep = time.Second
	// calmAllocation is what may be allocated between two looks, in bytes, while
	// things are calm, and calmLooks the number of looks for which they have to be.
	calmAllocation = 1 << 20
	calmLooks      = 2
)

// memoryLook is what a look at the process's memory sees, in bytes.
type memoryLook struct {
	allocated uint64 // since the process began
	live      uint64 // what the last collection found in use
}

// spareMemory decides when memory is given back. It belongs to one goroutine.
type spareMemory struct {
	most uint64 // that may have become spare, in bytes, or a quarter of what is in use if that is more
	last memoryLook
	calm int    // looks
	kept uint64 // what had been allocated when memory was last given back
}

// due reports whether memory is to be given back now, by a look a step after the
// last. All that has been allocated since it was may have become spare.
func (s *spareMemory) due(now memoryLook) bool {
	if now.allocated-s.last.allocated < calmAllocation {
		s.calm++
	} else {
		s.calm = 0
	}
	s.last = now
	if s.calm < calmLooks || now.allocated-s.kept <= max(s.most, now.live/4) {
		return false
	}
	s.kept = now.allocated
	return true
}

// keep gives memory back whenever that is due, until ctx ends.
func (s *spareMemory) keep(ctx context.Context, step time.Duration) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		metrics.Read(samples)
		if s.due(memoryLook{allocated: samples[0].Value.Uint64(), live: samples[1].Value.Uint64()}) {
			debug.FreeOSMemory()
		}
	}
}
