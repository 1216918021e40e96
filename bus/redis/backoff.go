package redis

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// backoff is the time to wait before another attempt: twice as long each time,
// and by chance between half of that and all, so that nodes do not come at once.
// The zero value is ready for use.
type backoff struct{ last time.Duration }

// wait waits, or returns when ctx ends.
func (b *backoff) wait(ctx context.Context) {
	b.last = min(max(2*b.last, minBackoff), maxBackoff)
	timer := time.NewTimer(b.last/2 + rand.N(b.last/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// reset is called after a success.
func (b *backoff) reset() { b.last = 0 }
