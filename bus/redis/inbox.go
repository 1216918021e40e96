package redis

import (
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
)

// inbox takes messages from the connections at once, and hands them to workers:
// those of one channel to the same, in order. Its size in bytes is bounded.
type inbox struct {
	max     int64
	deliver func(*received)
	seed    maphash.Seed
	bytes   atomic.Int64
	workers []*worker
	wait    sync.WaitGroup
}

// received is a message on its way to the node.
type received struct {
	channel string
	room    string // "" if the channel is no room's
	message []byte // immutable
}

func (r *received) size() int64 { return int64(len(r.channel) + len(r.message) + overhead) }

// worker is one queue and the goroutine that empties it.
type worker struct {
	mu     sync.Mutex
	queue  []received
	closed bool
	wake   chan struct{}
}

// maxWorkers bounds the number of workers: they do little more than post to event
// loops.
const maxWorkers = 4

func newInbox(max int, deliver func(*received)) *inbox {
	in := &inbox{max: int64(max), deliver: deliver, seed: maphash.MakeSeed()}
	for range min(maxWorkers, runtime.GOMAXPROCS(0)) {
		w := &worker{wake: make(chan struct{}, 1)}
		in.workers = append(in.workers, w)
		in.wait.Go(func() { in.work(w) })
	}
	return in
}

// push adds a message. It does not wait, and reports whether there was room.
func (in *inbox) push(r received) bool {
	if in.bytes.Add(r.size()) > in.max {
		in.bytes.Add(-r.size())
		return false
	}
	w := in.workers[maphash.String(in.seed, r.channel)%uint64(len(in.workers))]
	w.mu.Lock()
	w.queue = append(w.queue, r)
	w.mu.Unlock()
	w.ring()
	return true
}

func (w *worker) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (in *inbox) work(w *worker) {
	var batch []received
	for range w.wake {
		w.mu.Lock()
		batch, w.queue = w.queue, batch
		closed := w.closed
		w.mu.Unlock()
		for i := range batch {
			in.deliver(&batch[i])
			in.bytes.Add(-batch[i].size())
		}
		batch = reusable(batch)
		if closed {
			return
		}
	}
}

// reusable returns a slice for another batch, with less room where most of it was
// not used: a flood does not keep its room for ever.
func reusable(batch []received) []received {
	if cap(batch) > 1024 && len(batch) < cap(batch)/4 {
		return make([]received, 0, cap(batch)/2)
	}
	clear(batch)
	return batch[:0]
}

// close delivers what waits, and ends the workers. Nothing may be pushed any
// more.
func (in *inbox) close() {
	for _, w := range in.workers {
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		w.ring()
	}
	in.wait.Wait()
}
