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
	counts map[addressKey]addressCount
	most   int // entries since the map was made
}

// addressCount is an address's connections, those of each kind.
type addressCount [2]int32

// presence is a kind of connection that is counted.
type presence uint8

const (
	asClient    presence = iota // or about to become one
	asHandshake                 // not a client yet, or refused
)

// addressKey is an address, of IPv6 the first half: the rest is its network's to
// choose. It has no pointers, which the garbage collector would have to follow.
type addressKey [16]byte

// keyOf returns the key of an address, the zero one of the zero Addr.
func keyOf(address netip.Addr) addressKey {
	if !address.IsValid() {
		return addressKey{}
	}
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
// where most of its kind are counted already.
func (a *addressCounts) take(address netip.Addr, as presence, most int) bool {
	key := keyOf(address)
	s := a.stripe(key)
	s.Lock()
	defer s.Unlock()
	count := s.counts[key]
	if int(count[as]) >= most {
		return false
	}
	if s.counts == nil {
		s.counts = map[addressKey]addressCount{}
	}
	count[as]++
	s.counts[key] = count
	s.most = max(s.most, len(s.counts))
	return true
}

// release takes back what take has counted.
func (a *addressCounts) release(address netip.Addr, as presence) {
	key := keyOf(address)
	s := a.stripe(key)
	s.Lock()
	defer s.Unlock()
	count := s.counts[key]
	count[as]--
	if count != (addressCount{}) {
		s.counts[key] = count
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
	fewer := make(map[addressKey]addressCount, len(s.counts))
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
