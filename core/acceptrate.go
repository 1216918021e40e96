package core

import (
	"sync/atomic"
	"time"
)

// acceptRate is a token bucket, which has room for what may come in a second. It is
// kept as the time at which it will be full. Any goroutine may use it.
type acceptRate struct{ full atomic.Int64 } // Server.clock

// take takes a token, of perSecond that come in each second, and reports whether
// there was one. now is Server.clock.
func (r *acceptRate) take(now time.Duration, perSecond int) bool {
	token := time.Second / time.Duration(perSecond)
	for {
		full := r.full.Load()
		then := max(time.Duration(full), now) + token
		if then > now+time.Second {
			return false
		}
		if r.full.CompareAndSwap(full, int64(then)) {
			return true
		}
	}
}
