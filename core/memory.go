package core

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
)

// Memory is what a process takes, in bytes.
type Memory struct {
	Resident uint64 `json:"resident"` // 0 where the kernel does not tell
	Heap     uint64 `json:"heap"`     // objects in use, or not yet known to be garbage
}

// readMemory asks the kernel and the runtime. It stops nothing.
func readMemory() Memory {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	return Memory{Resident: residentMemory(), Heap: heap[0].Value.Uint64()}
}

// residentMemory is the second number of statm, in pages.
func residentMemory() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(statm, []byte(" "))
	resident, _, _ := bytes.Cut(rest, []byte(" "))
	pages, _ := strconv.ParseUint(string(resident), 10, 64) // 0 if it is none
	return pages * uint64(os.Getpagesize())
}
