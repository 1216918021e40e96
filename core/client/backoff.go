package client

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait before attempts: full jitter under a limit that
// doubles. It belongs to the goroutine that connects.
type backoff struct {
	least, most time.Duration
	limit       time.Duration
}

func newBackoff(least, most time.Duration) backoff {
	return backoff{least: least, most: most, limit: least}
}

// next returns the time to wait.
func (b *backoff) next() time.Duration {
	wait := rand.N(b.limit)
	b.limit = min(b.most, b.limit+min(b.limit, b.most-b.limit)) // doubled, without overflow
	return wait
}

// reset begins anew.
func (b *backoff) reset() { b.limit = b.least }
