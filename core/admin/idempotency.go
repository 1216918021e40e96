package admin

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// idempotency remembers the answers to requests by their idempotency keys, for a time
// and up to a number and a size; beyond them the oldest are forgotten. Any goroutine
// may use it.
type idempotency struct {
	ttl      time.Duration
	maxKeys  int
	maxBytes int

	mu       sync.Mutex
	requests map[requestID]*remembered
	order    list.List // of those that have been answered, the oldest first
	bytes    int       // of their answers
	evicted  uint64    // answers that were forgotten before their time

	replays atomic.Uint64 // requests that were answered from memory
}

// requestID is a caller and its idempotency key.
type requestID struct{ caller, key string }

// fingerprint tells requests apart that have the same key.
type fingerprint [sha256.Size]byte

// remembered is a request that is being answered or has been. What stands above done
// never changes; what stands below is written under the lock before done is closed.
type remembered struct {
	id       requestID
	request  fingerprint
	done     chan struct{} // closed when it has been answered, or refused
	refused  bool
	response response
	expires  time.Time
	at       *list.Element
}

// response is what a request has been answered that was not refused as a whole.
type response struct {
	status  int // 0: 200
	media   string
	body    []byte
	refused bool // nothing has been done, so that it can be tried again
}

func newIdempotency(o *Options) *idempotency {
	return &idempotency{
		ttl: o.IdempotencyTTL, maxKeys: o.MaxIdempotencyKeys, maxBytes: int(o.MaxIdempotencyBytes),
		requests: map[requestID]*remembered{},
	}
}

// maxAnswer is the size of the largest answer that should be remembered, in bytes: one
// that has the room of all others would have them forgotten.
func (m *idempotency) maxAnswer() int { return m.maxBytes / 4 }

// once answers a request, or returns the answer that it had, with replayed. A request
// that comes while the same is being answered waits for that, or until ctx ends. What
// is refused is not remembered. The error is of the request, of its key, or ctx's.
func (m *idempotency) once(
	ctx context.Context, id requestID, request fingerprint, answer func() (response, *apiError),
) (given response, replayed bool, bad *apiError) {
	for {
		r, first := m.claim(id, request)
		if first {
			given, bad = m.fulfil(r, answer)
			return given, false, bad
		}
		if r.request != request {
			return given, false, errKeyReused
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return given, false, errOverloaded // nobody reads this: the peer has gone
		}
		if !r.refused {
			m.replays.Add(1)
			return r.response, true, nil
		}
	}
}

var errKeyReused = &apiError{"Idempotency key came with another request before", idempotencyKeyReused}

// claim returns the request that has the key, and whether it is the caller's to answer.
func (m *idempotency) claim(id requestID, request fingerprint) (r *remembered, first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetOld()
	if r := m.requests[id]; r != nil {
		return r, false
	}
	r = &remembered{id: id, request: request, done: make(chan struct{}), refused: true}
	m.requests[id] = r
	return r, true
}

// fulfil answers a claimed request, and remembers the answer unless it is refused or
// there is a panic.
func (m *idempotency) fulfil(r *remembered, answer func() (response, *apiError)) (given response, bad *apiError) {
	kept := false
	defer func() { m.settle(r, kept, given) }()
	given, bad = answer()
	kept = bad == nil && !given.refused
	return given, bad
}

// settle notes what a claimed request was answered.
func (m *idempotency) settle(r *remembered, kept bool, given response) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(r.done)
	if !kept {
		delete(m.requests, r.id)
		return
	}
	r.refused, r.response, r.expires = false, given, time.Now().Add(m.ttl)
	m.bytes += len(given.body)
	r.at = m.order.PushBack(r)
	for m.order.Len() > m.maxKeys || m.bytes > m.maxBytes && m.order.Len() > 1 {
		m.evicted++
		m.forget(m.order.Front().Value.(*remembered))
	}
}

// forgetOld forgets the answers whose time is over.
func (m *idempotency) forgetOld() {
	now := time.Now()
	for e := m.order.Front(); e != nil && !e.Value.(*remembered).expires.After(now); e = m.order.Front() {
		m.forget(e.Value.(*remembered))
	}
}

func (m *idempotency) forget(r *remembered) {
	m.order.Remove(r.at)
	m.bytes -= len(r.response.body)
	delete(m.requests, r.id)
}

// idempotencyFigures are what metrics are made of.
type idempotencyFigures struct {
	keys             int
	replays, evicted uint64
}

func (m *idempotency) figures() idempotencyFigures {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetOld()
	return idempotencyFigures{m.order.Len(), m.replays.Load(), m.evicted}
}
