package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/gannet-ws/gannet/core"
)

// leastMemoryLimit is about what a server holds without clients: beneath it the
// collector would run all the time.
const leastMemoryLimit core.Size = 16 << 20

// runtimeFlags are settings of Go's runtime, and so of the process.
type runtimeFlags struct {
	GCPercent      int       `name:"gc-percent" default:"0" help:"Garbage, in percent of the memory in use, at which it is collected. Less costs CPU whenever memory is allocated, more costs memory. 0: what GOGC says, or 100."`
	MaxSpareMemory core.Size `default:"2MiB" help:"What has been allocated, in bytes, until garbage is collected and free memory given back to the system as soon as little is allocated; a quarter of the memory in use if that is more."`
	MemoryLimit    core.Size `default:"0" help:"Memory from which garbage is collected as often as that takes, at up to half of the CPU: a goal, not a bound, and without the kernel's socket buffers. 0: what GOMEMLIMIT says, or none."`
}

// check returns a sentence for what cannot be.
func (r runtimeFlags) check() error {
	switch {
	case r.GCPercent < 0:
		return fmt.Errorf("gc-percent is %d: it is above zero, or 0 for what Go does", r.GCPercent)
	case r.MaxSpareMemory < 0:
		return fmt.Errorf("max-spare-memory is %s: it is above zero", r.MaxSpareMemory)
	case r.MemoryLimit != 0 && r.MemoryLimit < leastMemoryLimit:
		return fmt.Errorf("memory-limit is %s: it is at least %s, or 0 for none", r.MemoryLimit, leastMemoryLimit)
	}
	return nil
}

// keepSpare gives back memory that is spare, until ctx ends.
func (r runtimeFlags) keepSpare(ctx context.Context) {
	spare := spareMemory{most: uint64(r.MaxSpareMemory)}
	spare.keep(ctx, memoryStep)
}

// apply sets what is not zero.
func (r runtimeFlags) apply() error {
	if err := r.check(); err != nil {
		return err
	}
	if r.GCPercent > 0 {
		debug.SetGCPercent(r.GCPercent)
	}
	if r.MemoryLimit > 0 {
		debug.SetMemoryLimit(int64(r.MemoryLimit))
	}
	return nil
}
