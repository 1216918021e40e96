package bus

import "sync"

// taskQueue is what waits for a subscriber, in order. Any goroutine may push;
// the worker alone looks at the first and pops it.
type taskQueue struct {
	limit int
	wake  chan struct{} // has room for one: there is something

	mu         sync.Mutex
	open       bool
	size       int
	head, tail *task
}

func newTaskQueue(limit int) *taskQueue {
	return &taskQueue{limit: limit, wake: make(chan struct{}, 1)}
}

// push appends a task. It reports false when the queue is full or closed.
func (q *taskQueue) push(t *task) bool {
	q.mu.Lock()
	ok := q.open && q.size < q.limit
	if ok {
		q.append(t)
	}
	q.mu.Unlock()
	if ok {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return ok
}

func (q *taskQueue) append(t *task) {
	if q.tail == nil {
		q.head = t
	} else {
		q.tail.next = t
	}
	q.tail = t
	q.size++
}

// first returns the first task and leaves it; nil when there is none.
func (q *taskQueue) first() *task {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.head
}

// pop removes the first task. It reports false when there is none any more.
func (q *taskQueue) pop() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.head
	if t == nil {
		return false
	}
	q.head, t.next = t.next, nil
	if q.head == nil {
		q.tail = nil
	}
	q.size--
	return true
}

// start opens the queue.
func (q *taskQueue) start() {
	q.mu.Lock()
	q.open = true
	q.mu.Unlock()
}

// shut closes the queue, and returns how many tasks it has dropped. They are not
// finished: whoever waits for one goes by the context.
func (q *taskQueue) shut() (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	dropped = q.size
	q.open, q.head, q.tail, q.size = false, nil, nil, 0
	return dropped
}

func (q *taskQueue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size
}
