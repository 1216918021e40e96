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

// jobQueue is the jobs of one key.
type jobQueue[K comparable] struct {
	key  K
	jobs []func() // the first may be running
}

func newPool[K comparable](workers, limit, share int) *pool[K] {
	return &pool[K]{workers: workers, limit: limit, share: share, queues: map[K]*jobQueue[K]{}}
}

// submit has the job run, or reports false where there are too many.
func (p *pool[K]) submit(key K, job func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[key]
	if p.stopped || p.jobs == p.limit || q != nil && len(q.jobs) == p.share {
		return false
	}
	p.jobs++
	if q != nil {
		q.jobs = append(q.jobs, job)
		return true
	}
	q = &jobQueue[K]{key: key, jobs: []func(){job}}
	p.queues[key] = q
	p.ready = append(p.ready, q)
	if p.running < p.workers {
		p.running++
		go p.work()
	}
	return true
}

// work runs jobs until none is ready.
func (p *pool[K]) work() {
	for job := p.take(nil); job != nil; job = p.take(job) {
		job.jobs[0]()
	}
}

// take puts the queue whose first job is done in its place again, and returns
// the next one; nil ends the goroutine.
func (p *pool[K]) take(done *jobQueue[K]) *jobQueue[K] {
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
		return nil
	}
	next := p.ready[0]
	p.ready[0] = nil
	p.ready = p.ready[1:]
	return next
}

func (p *pool[K]) finish(q *jobQueue[K]) {
	p.jobs--
	q.jobs[0] = nil
	q.jobs = q.jobs[1:]
	if len(q.jobs) == 0 || p.stopped {
		delete(p.queues, q.key)
		return
	}
	p.ready = append(p.ready, q)
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
		delete(p.queues, q.key)
	}
	p.ready = nil
	if p.running == 0 {
		close(p.over)
	}
	return p.over
}
