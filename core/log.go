package core

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// seldom lets something be logged once a second, and keeps what comes at each
// message from filling the log: metrics count all. Any goroutine may use it.
type seldom struct{ last atomic.Int64 } // nanoseconds since processStart, 0 for never

// processStart has a monotonic time: a clock that is set back must not silence the log.
var processStart = time.Now()

func (s *seldom) now() bool {
	now, last := int64(time.Since(processStart)), s.last.Load()
	return (last == 0 || now-last >= int64(time.Second)) && s.last.CompareAndSwap(last, now)
}

func (s *Server) logPanic(where string, value any) {
	if s.panicLogged.now() {
		s.options.Log.Error("a handler panicked", "route", where, "panic", fmt.Sprint(value), "stack", string(debug.Stack()))
	}
}

// logFailure logs the error of a handler of which the client learns nothing.
func (s *Server) logFailure(request *codec.Envelope, err error) {
	if s.failLogged.now() {
		s.options.Log.Error("a handler failed", "route", routeName(request), "error", err)
	}
}

// clock is the time since the server was made.
func (s *Server) clock() time.Duration { return time.Since(s.made) }

// timed counts the time of a handler, with its hooks. One that has held its loop for
// long is logged, and so is such a visit.
func (l *loop) timed(ctx *Context, began time.Duration) {
	s := l.server
	took := s.clock() - began
	if ctx.serving != nil {
		l.handled(ctx.serving, took)
	}
	if s.options.SlowHandler < 0 || took < s.options.SlowHandler {
		return
	}
	l.counters.SlowHandlers++
	if s.slowLogged.now() {
		s.options.Log.Warn("a handler held its event loop; core.Blocking moves it off",
			"route", routeName(&ctx.envelope), "took", took)
	}
}
