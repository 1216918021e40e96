package core

import (
	"context"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// Watch is a look at what is published to a room, on this node or on another, for
// somebody who is no client. The node hears the room as long as it is watched. Any
// goroutine may use it, and whoever made it has to Close it.
type Watch struct {
	server   *Server
	room     string
	degraded bool
	more     chan struct{} // has one while something waits
	ended    chan struct{} // closed when nothing more will come

	mu      sync.Mutex
	waiting []Watched
	size    int // of what waits, in bytes
	skipped uint64
}

// Watched is a message to a watched room.
type Watched struct {
	At      time.Time
	Message *codec.Message
	// Some says that not all members are meant: one is left out, or a condition
	// picks among them.
	Some bool
}

// watchedCost is what a message counts for beside its bytes.
const watchedCost = 64

// Watch begins to look at what is published to the room. It waits until the bus is
// sure to bring what others publish, or ctx ends, which makes the watch a Degraded
// one. The error is an *Error: the name is none for a room, or the server does not
// run.
func (s *Server) Watch(ctx context.Context, room string) (*Watch, error) {
	if err := s.options.checkRoomName(room); err != nil {
		return nil, err
	}
	w := &Watch{server: s, room: room, more: make(chan struct{}, 1), ended: make(chan struct{})}
	if !s.watches.add(w) {
		return nil, errNotRunning
	}
	w.degraded = !s.subscribed(ctx, room)
	return w, nil
}

var errNotRunning = &Error{Text: "Server does not run", Code: "NOT_RUNNING"}

// subscribed waits until the bus listens to the room, and reports whether it does.
func (s *Server) subscribed(ctx context.Context, room string) bool {
	if s.options.Bus.Standing(room) {
		return true
	}
	confirmed := make(chan error, 1)
	s.options.Bus.Await(room, func(err error) { confirmed <- err })
	select {
	case err := <-confirmed:
		return err == nil
	case <-ctx.Done():
		return false
	}
}

// Degraded reports whether messages of other nodes may have been missing when the
// watch began.
func (w *Watch) Degraded() bool { return w.degraded }

// More has a value when there is something to Take.
func (w *Watch) More() <-chan struct{} { return w.more }

// Ended is closed when nothing more will come: the watch was closed, or the server
// stops.
func (w *Watch) Ended() <-chan struct{} { return w.ended }

// Take returns the messages that have come since the last call, in order, and how
// many others were skipped because more waited than may wait for a client
// (Options.MaxBacklog). The slice is the caller's.
func (w *Watch) Take() (messages []Watched, skipped uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	messages, skipped = w.waiting, w.skipped
	w.waiting, w.size, w.skipped = nil, 0, 0
	return messages, skipped
}

// Close ends the watch. It may be called more than once.
func (w *Watch) Close() { w.server.watches.remove(w) }

// offer keeps a message, and reports whether there was room for it. It does not wait
// for who watches: event loops call it.
func (w *Watch) offer(m Watched) (kept bool) {
	size := len(m.Message.Frame()) + watchedCost
	w.mu.Lock()
	if kept = w.size+size <= int(w.server.options.MaxBacklog); kept {
		w.waiting = append(w.waiting, m)
		w.size += size
	} else {
		w.skipped++
	}
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return kept
}
