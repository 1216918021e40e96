package core

import "sync"

// pool runs jobs on a bounded number of goroutines, those of one key in order
// and one at a time, and the keys in turns, so that one that has many waits for
// nobody's sake but its own. Any goroutine may use it; nothing waits but stop.
// Goroutines exist only while there are jobs.
type pool[K comparable] struct {
	workers int // goroutines at most
	limit   int // jobs that wait or run at most
	share   int // of them, those of one key

	mu      sync.Mutex
	jobs    int // that wait or run
	running int // goroutines
	queues  map[K]*jobQueue[K]
	ready   []*jobQueue[K] // with jobs, none of which runs
	stopped bool
	over    chan struct{} // made by stop, closed when no goroutine is left
}

// job is work, and what makes its result known. When that begins the job counts
// no more: whoever learns the result may submit the next.
type job struct{ work, tell func() }

// jobQueue is the jobs of one key, but for the one that a goroutine has taken.
type jobQueue[K comparable] struct {
	key     K
	waiting []job
	jobs    int // that wait or run
}

func newPool[K comparable](workers, limit, share int) *pool[K] {
	return &pool[K]{workers: workers, limit: limit, share: share, queues: map[K]*jobQueue[K]{}}
}

// submit has the job run, or reports false where there are too many.
func (p *pool[K]) submit(key K, j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[key]
	if p.stopped || p.jobs == p.limit || q != nil && q.jobs == p.share {
		return false
	}
	if q == nil {
		q = p.open(key)
	}
	q.waiting = append(q.waiting, j)
	q.jobs++
	p.jobs++
	return true
}

// open makes a queue for a key that has none, and sees that it will be served.
func (p *pool[K]) open(key K) *jobQueue[K] {
	q := &jobQueue[K]{key: key}
	p.queues[key] = q
	p.ready = append(p.ready, q)
	if p.running < p.workers {
		p.running++
		go p.work()
	}
	return q
}

// work runs jobs until none is ready.
func (p *pool[K]) work() {
	for q, j := p.take(nil); q != nil; q, j = p.take(q) {
		j.work()
		p.discount(q)
		j.tell()
	}
}

// take puts the queue whose job is done in its place again, and takes the first
// job of the next one; nil ends the goroutine.
func (p *pool[K]) take(done *jobQueue[K]) (next *jobQueue[K], j job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if done != nil {
		p.finish(done)
	}
	if len(p.ready) == 0 {
		p.running--
		if p.stopped && p.running == 0 {
			close(p.over)
		}
		return nil, job{}
	}
	next, p.ready[0] = p.ready[0], nil
	p.ready = p.ready[1:]
	j, next.waiting[0] = next.waiting[0], job{}
	next.waiting = next.waiting[1:]
	return next, j
}

// discount counts the queue's running job no more.
func (p *pool[K]) discount(q *jobQueue[K]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q.jobs--
	p.jobs--
}

func (p *pool[K]) finish(q *jobQueue[K]) {
	if len(q.waiting) == 0 || p.stopped {
		p.forget(q)
		return
	}
	p.ready = append(p.ready, q)
}

// forget drops the queue, and the jobs that wait in it.
func (p *pool[K]) forget(q *jobQueue[K]) {
	p.jobs -= len(q.waiting)
	delete(p.queues, q.key)
}

// load returns the number of jobs that wait or run.
func (p *pool[K]) load() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.jobs
}

// stop drops the jobs that wait and returns a channel that is closed when those
// that run have ended.
func (p *pool[K]) stop() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.over = make(chan struct{})
	for _, q := range p.ready {
		p.forget(q)
	}
	p.ready = nil
	if p.running == 0 {
		close(p.over)
	}
	return p.over
}
