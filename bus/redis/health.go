package redis

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// health is how the connections are. Any goroutine may use it.
type health struct {
	log *slog.Logger

	mu       sync.Mutex
	problems map[any]string // of each connection, empty for none
	status   bus.Status
	trouble  string // the last one, empty for none

	complained seldom
}

func newHealth(log *slog.Logger) *health {
	return &health{
		log:      log,
		problems: map[any]string{},
		status:   bus.Status{Since: time.Now(), Problem: notYet},
	}
}

const notYet = "no connection to Redis has been made yet"

// expect notes that there is to be a connection.
func (h *health) expect(connection any) { h.set(connection, notYet) }

// up notes that a connection is as it should be.
func (h *health) up(connection any) { h.set(connection, "") }

// down notes that it is not. effect says what that means, for the log.
func (h *health) down(connection any, effect string, err error) {
	h.note(err)
	if h.set(connection, err.Error()) {
		h.log.Warn("Redis is away: "+effect, "error", err)
	}
}

// set reports whether a problem is new to a connection.
func (h *health) set(connection any, problem string) (news bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, known := h.problems[connection]
	h.problems[connection] = problem
	h.judge()
	return problem != "" && (!known || before == "" || before == notYet)
}

// forget notes that a connection is not wanted any more.
func (h *health) forget(connection any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.problems, connection)
	h.judge()
}

// judge sums up the connections. h.mu is locked.
func (h *health) judge() {
	problem := ""
	for _, one := range h.problems {
		if one != "" && (problem == "" || problem == notYet) {
			problem = one
		}
	}
	if len(h.problems) == 0 {
		problem = "the bus is closed"
	}
	connected := problem == ""
	if connected != h.status.Connected {
		h.status.Since = time.Now()
		h.status.Connected = connected
	}
	if connected && h.status.Problem != "" {
		h.log.Info("Redis is connected")
	}
	h.status.Problem = problem
}

func (h *health) read() bus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

// note keeps an error as the last one.
func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trouble = err.Error()
}

// lastTrouble returns the last error, also when it is over; "" if there was none.
func (h *health) lastTrouble() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trouble
}

// complain logs what goes wrong while there is a connection, once a second at
// most.
func (h *health) complain(what string, err error) {
	h.note(err)
	if h.complained.now() {
		h.log.Warn(what, "error", err)
	}
}

// seldom lets something be logged once a second, and keeps what comes at each
// message from filling the log: counters count all. Any goroutine may use it.
type seldom struct{ last atomic.Int64 } // nanoseconds since processStart, 0 for never

// processStart has a monotonic time: a clock that is set back must not silence the log.
var processStart = time.Now()

func (s *seldom) now() bool {
	now, last := int64(time.Since(processStart)), s.last.Load()
	return (last == 0 || now-last >= int64(time.Second)) && s.last.CompareAndSwap(last, now)
}
