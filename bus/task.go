package bus

import "sync/atomic"

// task is one subscriber's part in an event. It stands in that subscriber's queue
// and no other.
type task struct {
	event     *Event
	worker    *worker
	before    []task        // of the same event, in the order of priority
	done      chan struct{} // closed when those behind may begin; nil for the last
	overtaken atomic.Bool
	next      *task // in the queue
}

// newTasks returns the tasks of an event, in the order of its workers.
func newTasks(e *Event, workers []*worker) []task {
	tasks := make([]task, len(workers))
	for i, w := range workers {
		tasks[i].event, tasks[i].worker, tasks[i].before = e, w, tasks[:i]
		if i < len(tasks)-1 {
			tasks[i].done = make(chan struct{})
		}
	}
	return tasks
}

// finish lets those behind begin. It is called once, or never when the dispatcher
// stops.
func (t *task) finish() {
	if t.done != nil {
		close(t.done)
	}
}
