package core

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// watches are a server's, by room. Publishing looks for them only where the directory
// says that the room is watched. Any goroutine may use them.
type watches struct {
	directory *shard.Directory

	mu      sync.RWMutex
	running bool
	byRoom  map[string][]*Watch

	count   atomic.Int64
	skipped atomic.Uint64 // messages that a watch had no room for
}

// begin lets there be watches: the bus is open.
func (a *watches) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running, a.byRoom = true, map[string][]*Watch{}
}

// end ends all watches, and lets there be none until the next begin.
func (a *watches) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running = false
	for room, watching := range a.byRoom {
		for _, w := range watching {
			a.ended(w)
		}
		delete(a.byRoom, room)
	}
}

// add reports false where there may be none.
func (a *watches) add(w *Watch) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.running {
		return false
	}
	a.byRoom[w.room] = append(a.byRoom[w.room], w)
	a.count.Add(1)
	a.directory.Watch(w.room)
	return true
}

// remove ends a watch, if it has not ended.
func (a *watches) remove(w *Watch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.Index(a.byRoom[w.room], w)
	if i < 0 {
		return
	}
	if a.byRoom[w.room] = slices.Delete(a.byRoom[w.room], i, i+1); len(a.byRoom[w.room]) == 0 {
		delete(a.byRoom, w.room)
	}
	a.ended(w)
}

func (a *watches) ended(w *Watch) {
	a.directory.Unwatch(w.room)
	a.count.Add(-1)
	close(w.ended)
}

// offer hands the message of an op to all who watch the room.
func (a *watches) offer(room string, op *shard.Op) {
	m := Watched{At: time.Now(), Message: op.Message, Some: !op.Except.IsZero() || op.Filter != nil}
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, w := range a.byRoom[room] {
		if !w.offer(m) {
			a.skipped.Add(1)
		}
	}
}
