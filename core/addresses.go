package core

import (
	"hash/maphash"
	"maps"
	"net/netip"
	"sync"
)

// addressCounts are the connections of each address that has some. It is striped, so
// that two loops rarely meet at one lock. Any goroutine may use it.
type addressCounts [64]addressStripe

type addressStripe struct {
	sync.Mutex
	counts map[addressKey]int
	most   int // entries since the map was made
}

// addressKey is an address, of IPv6 the first half: the rest is its network's to
// choose. It has no pointers, which the garbage collector would have to follow.
type addressKey [16]byte

func keyOf(address netip.Addr) addressKey {
	key := addressKey(address.As16())
	if address.Is6() && !address.Is4In6() {
		clear(key[8:])
	}
	return key
}

var addressSeed = maphash.MakeSeed()

func (a *addressCounts) stripe(key addressKey) *addressStripe {
	return &a[maphash.Bytes(addressSeed, key[:])%uint64(len(a))]
}

// take counts a connection of the address. It reports false, and changes nothing,
// where most are counted already.
func (a *addressCounts) take(address netip.Addr, most int) bool {
	key := keyOf(address)
	s := a.stripe(key)
	s.Lock()
	defer s.Unlock()
	if s.counts[key] >= most {
		return false
	}
	if s.counts == nil {
		s.counts = map[addressKey]int{}
	}
	s.counts[key]++
	s.most = max(s.most, len(s.counts))
	return true
}

// release takes back what take has counted.
func (a *addressCounts) release(address netip.Addr) {
	key := keyOf(address)
	s := a.stripe(key)
	s.Lock()
	defer s.Unlock()
	if s.counts[key]--; s.counts[key] > 0 {
		return
	}
	delete(s.counts, key)
	s.shrink()
}

// smallStripe is the number of entries up to which a map is not worth making anew.
const smallStripe = 64

// shrink makes the map anew when most of those that it had have gone: a map keeps the
// room of its entries.
func (s *addressStripe) shrink() {
	if s.most <= smallStripe || len(s.counts) > s.most/4 {
		return
	}
	fewer := make(map[addressKey]int, len(s.counts))
	maps.Copy(fewer, s.counts)
	s.counts, s.most = fewer, len(fewer)
}

// len returns the number of addresses that have connections.
func (a *addressCounts) len() (n int) {
	for i := range a {
		s := &a[i]
		s.Lock()
		n += len(s.counts)
		s.Unlock()
	}
	return n
}
