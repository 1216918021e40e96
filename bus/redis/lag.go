package redis

import (
	"sync/atomic"
	"time"
)

// lag is how long a link's probes take to come back. The link notes it, and any
// goroutine may read it.
type lag struct {
	began atomic.Int64 // when the probe was sent that is awaited, since processStart; 0: none is
	took  atomic.Int64 // the last one that came back
}

func (l *lag) begin() { l.began.Store(int64(time.Since(processStart))) }

func (l *lag) end() {
	l.took.Store(int64(time.Since(processStart)) - l.began.Swap(0))
}

// read returns the last lag, or the present one if that is longer. While the
// connection is away a probe that it took along is awaited, until the next is sent.
func (l *lag) read() time.Duration {
	longest := l.took.Load()
	if began := l.began.Load(); began != 0 {
		longest = max(longest, int64(time.Since(processStart))-began)
	}
	return time.Duration(longest)
}
