package main

import (
	"math/rand/v2"
	"time"
)

const (
	leastBackoff = 100 * time.Millisecond
	mostBackoff  = 10 * time.Second
	// steady is the age at which a worker is no longer taken for one that keeps
	// dying.
	steady = time.Minute
)

// backoff is how long to wait before a worker is started again: a time that
// doubles, of which a random half is left out, so that workers that die together
// do not come back together. The zero value begins with leastBackoff. It belongs
// to one goroutine.
type backoff struct{ doubled time.Duration }

// served tells how long a worker has lived that has ended.
func (b *backoff) served(lived time.Duration) {
	if lived >= steady {
		b.doubled = 0
	}
}

// next returns the time to wait.
func (b *backoff) next() time.Duration {
	b.doubled = min(max(2*b.doubled, leastBackoff), mostBackoff)
	return b.doubled/2 + rand.N(b.doubled/2)
}
