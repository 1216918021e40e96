package main

import (
	"context"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSpareMemory_Due(t *testing.T) {
	const mib = 1 << 20
	tests := map[string]struct {
		looks []memoryLook
		want  []bool
	}{
		"little allocated":        {[]memoryLook{{8 * mib, mib}, {8 * mib, mib}, {8 * mib, mib}}, []bool{false, false, false}},
		"once, when it is calm":   {[]memoryLook{{9 * mib, mib}, {9 * mib, mib}, {9 * mib, mib}, {9 * mib, mib}}, []bool{false, false, true, false}},
		"not in a rush":           {[]memoryLook{{9 * mib, mib}, {9 * mib, mib}, {10 * mib, mib}, {11 * mib, mib}}, []bool{false, false, false, false}},
		"less than a quarter":     {[]memoryLook{{10 * mib, 40 * mib}, {10 * mib, 40 * mib}, {10 * mib, 40 * mib}}, []bool{false, false, false}},
		"more than a quarter":     {[]memoryLook{{11 * mib, 40 * mib}, {11 * mib, 40 * mib}, {11 * mib, 40 * mib}}, []bool{false, false, true}},
		"again after another one": {[]memoryLook{{9 * mib, mib}, {9 * mib, mib}, {9 * mib, mib}, {18 * mib, mib}, {18 * mib, mib}, {18 * mib, mib}}, []bool{false, false, true, false, false, true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spare := spareMemory{most: 8 * mib}
			var due []bool
			for _, look := range test.looks {
				due = append(due, spare.due(look))
			}
			require.Equal(t, test.want, due)
		})
	}
}

var kept []byte

// What is garbage, though no collection is due, is given back to the system.
func TestSpareMemory_IsGivenBack(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		spare := spareMemory{most: 8 << 20}
		spare.keep(ctx, 100*time.Millisecond)
	}()
	defer func() { stop(); <-ended }()
	kept = make([]byte, 64<<20)
	used := inUse()
	kept = nil
	require.Eventually(t, func() bool { return inUse() < used-(48<<20) }, 15*time.Second, 10*time.Millisecond)
}

// inUse returns the memory that Go's runtime has from the system, in bytes.
func inUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
