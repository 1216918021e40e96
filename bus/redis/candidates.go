package redis

import (
	"slices"
	"sync"
)

// candidates are addresses of servers of which any may be asked, the one that
// answered last in front, unless it is doubted. Any goroutine may use them.
type candidates struct {
	mu        sync.Mutex
	addresses []string
	answered  string // the one that was preferred last
}

func newCandidates(addresses []string) *candidates {
	return &candidates{addresses: slices.Clone(addresses)}
}

func (c *candidates) inOrder() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.addresses)
}

// prefer puts one in front.
func (c *candidates) prefer(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = address
	if i := slices.Index(c.addresses, address); i > 0 {
		copy(c.addresses[1:], c.addresses[:i])
		c.addresses[0] = address
	}
}

// doubt puts the one that answered last behind all others, and just before it the
// one that contradicts it, which may know no better.
func (c *candidates) doubt(contradicts string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, address := range []string{contradicts, c.answered} {
		if i := slices.Index(c.addresses, address); i >= 0 {
			c.addresses = append(slices.Delete(c.addresses, i, i+1), address)
		}
	}
}

// learn adds addresses, and forgets all others but the seeds.
func (c *candidates) learn(seeds []string, more map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addresses = slices.DeleteFunc(c.addresses, func(a string) bool { return !more[a] && !slices.Contains(seeds, a) })
	for address := range more {
		if !slices.Contains(c.addresses, address) {
			c.addresses = append(c.addresses, address)
		}
	}
}
