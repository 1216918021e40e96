package bus

import (
	"container/list"
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// maxRateKeys is the number of keys that one rate limit tells apart.
const maxRateKeys = 10_000

// WithRateLimit has at most max events handled in any span of time as long as
// window. Those beyond it are not: onLimit, which may be nil, is called with
// each, and result and error are nil. It panics when max or window is not above
// zero.
func WithRateLimit(handle Handler, max int, window time.Duration, onLimit func(*Event)) Handler {
	return WithRateLimitBy(handle, func(*Event) string { return "" }, max, window, onLimit)
}

// WithRateLimitBy is WithRateLimit with a limit for each key. It remembers the
// 10,000 keys that were used last, 8 bytes for each event of the limit and key;
// a key that has been forgotten begins anew.
func WithRateLimitBy(handle Handler, key func(*Event) string, max int, window time.Duration, onLimit func(*Event)) Handler {
	limiter := newRateLimiter(max, window)
	return func(ctx context.Context, e *Event) (any, error) {
		if limiter.allow(key(e)) {
			return handle(ctx, e)
		}
		if onLimit != nil {
			onLimit(e)
		}
		return nil, nil
	}
}

// rateLimiter counts by key what happens in a sliding window. Any goroutine may
// use it. A flood of keys does not grow it: their hashes are kept, not they
// themselves, and only so many.
type rateLimiter struct {
	max    int
	window time.Duration
	seed   maphash.Seed
	made   time.Time

	mu     sync.Mutex
	keys   map[uint64]*list.Element
	recent *list.List // of *rateKey, the one used last in front
}

// rateKey is when a key was let through, in time since the limiter was made.
type rateKey struct {
	hash   uint64
	passes []time.Duration // at most max; from then on a ring
	oldest int             // of a full ring
}

func newRateLimiter(max int, window time.Duration) *rateLimiter {
	if max <= 0 || window <= 0 {
		panic("bus: a rate limit needs a number and a window above zero")
	}
	return &rateLimiter{
		max:    max,
		window: window,
		seed:   maphash.MakeSeed(),
		made:   time.Now(),
		keys:   make(map[uint64]*list.Element),
		recent: list.New(),
	}
}

// allow reports whether one more is within the key's limit, and counts it if so.
func (l *rateLimiter) allow(key string) bool {
	hash := maphash.String(l.seed, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(hash).allow(time.Since(l.made), l.max, l.window)
}

// find returns a key's passes, and forgets another key's if there are too many.
func (l *rateLimiter) find(hash uint64) *rateKey {
	if known := l.keys[hash]; known != nil {
		l.recent.MoveToFront(known)
		return known.Value.(*rateKey)
	}
	if l.recent.Len() == maxRateKeys {
		forgotten := l.recent.Remove(l.recent.Back()).(*rateKey)
		delete(l.keys, forgotten.hash)
	}
	k := &rateKey{hash: hash}
	l.keys[hash] = l.recent.PushFront(k)
	return k
}

func (k *rateKey) allow(now time.Duration, max int, window time.Duration) bool {
	if len(k.passes) < max {
		k.passes = append(k.passes, now)
		return true
	}
	if now-k.passes[k.oldest] < window {
		return false
	}
	k.passes[k.oldest] = now
	k.oldest = (k.oldest + 1) % max
	return true
}
