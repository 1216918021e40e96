package core

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddressCounts_Bound(t *testing.T) {
	var a addressCounts
	one, two := address("192.0.2.1"), address("192.0.2.2")
	for range 3 {
		require.True(t, a.take(one, asClient, 3))
	}
	require.False(t, a.take(one, asClient, 3))
	require.True(t, a.take(two, asClient, 3), "another's")
	a.release(one, asClient)
	require.True(t, a.take(one, asClient, 3), "in the place of the other")
	require.False(t, a.take(one, asClient, 3), "what was refused is not counted")
	require.Equal(t, 2, a.len())
	for range 3 {
		a.release(one, asClient)
	}
	a.release(two, asClient)
	require.Zero(t, a.len())
}

func TestAddressCounts_EachKindForItself(t *testing.T) {
	var a addressCounts
	one := address("192.0.2.1")
	require.True(t, a.take(one, asClient, 1))
	require.True(t, a.take(one, asHandshake, 1))
	require.False(t, a.take(one, asClient, 1))
	require.False(t, a.take(one, asHandshake, 1))
	a.release(one, asClient)
	require.False(t, a.take(one, asHandshake, 1))
	require.True(t, a.take(one, asClient, 1))
	a.release(one, asHandshake)
	require.Equal(t, 1, a.len())
	a.release(one, asClient)
	require.Zero(t, a.len())
}

func TestAddressCounts_WhatIsOneAddress(t *testing.T) {
	for _, tt := range []struct {
		one, other string
		same       bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::2", true},
		{"2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"2001:db8::1", "2001:db8:1::1", false},
		{"fe80::1", "fe80::1%eth0", true},
		{"::1", "0.0.0.1", false},
		{"::1", "192.0.2.1", false},
	} {
		var a addressCounts
		require.True(t, a.take(address(tt.one), asClient, 1))
		assert.Equal(t, !tt.same, a.take(address(tt.other), asClient, 1), "%s and %s", tt.one, tt.other)
	}
}

func TestAddressCounts_Concurrent(t *testing.T) {
	var a addressCounts
	const most = 3
	var mu sync.Mutex
	held := map[netip.Addr]int{}
	var loops sync.WaitGroup
	for worker := range 8 {
		loops.Go(func() {
			for i := range 2000 {
				from := numbered(uint32((worker + i) % 20))
				if !a.take(from, asClient, most) {
					continue
				}
				mu.Lock()
				held[from]++
				assert.LessOrEqual(t, held[from], most)
				mu.Unlock()
				runtime.Gosched()
				mu.Lock()
				held[from]--
				mu.Unlock()
				a.release(from, asClient)
			}
		})
	}
	loops.Wait()
	require.Zero(t, a.len())
}

// numbered is the IPv6 address of another network for each number.
func numbered(n uint32) netip.Addr {
	var raw [16]byte
	binary.BigEndian.PutUint32(raw[2:], n+1)
	return netip.AddrFrom16(raw)
}

// Memory that a flood of addresses has taken comes back.
func TestAddressCounts_Memory(t *testing.T) {
	var a addressCounts
	const flood = 200_000
	before := heapInUse()
	for n := range uint32(flood) {
		require.True(t, a.take(numbered(n), asClient, 1))
	}
	require.Equal(t, flood, a.len())
	full := heapInUse() - before
	require.Greater(t, full, int64(flood*16), "the test measures something")
	for n := range uint32(flood) {
		a.release(numbered(n), asClient)
	}
	require.Less(t, heapInUse()-before, full/10)
	require.Zero(t, a.len())
}

// heapInUse is the memory that is in use once the garbage has gone.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestAddressCounts_ShrinksWhileSomeStay(t *testing.T) {
	var s addressStripe
	s.counts = map[addressKey]addressCount{}
	for n := range uint32(1000) {
		s.counts[keyOf(numbered(n))] = addressCount{int32(n)}
	}
	s.most = 1000
	for n := range uint32(749) {
		delete(s.counts, keyOf(numbered(n)))
		s.shrink()
	}
	require.Equal(t, 1000, s.most, "more than a quarter is left")
	for n := uint32(749); n < 990; n++ {
		delete(s.counts, keyOf(numbered(n)))
		s.shrink()
	}
	require.Less(t, s.most, 256)
	require.Len(t, s.counts, 10)
	require.Equal(t, addressCount{995}, s.counts[keyOf(numbered(995))], "those that stay keep their counts")
}
