package core

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// engineLog hands gnet's log lines to the server's logger. gnet logs what
// clients do to it at its warning level; here that is for debugging.
type engineLog struct{ log *slog.Logger }

func (e engineLog) say(level slog.Level, format string, args []any) {
	if e.log.Enabled(context.Background(), level) {
		e.log.Log(context.Background(), level, "event loops: "+fmt.Sprintf(format, args...))
	}
}

// Debugf logs at debug level.
func (e engineLog) Debugf(format string, args ...any) { e.say(slog.LevelDebug, format, args) }

// Infof logs at debug level.
func (e engineLog) Infof(format string, args ...any) { e.say(slog.LevelDebug, format, args) }

// Warnf logs at debug level.
func (e engineLog) Warnf(format string, args ...any) { e.say(slog.LevelDebug, format, args) }

// Errorf logs at error level.
func (e engineLog) Errorf(format string, args ...any) { e.say(slog.LevelError, format, args) }

// Fatalf logs at error level: nothing that gnet meets ends the process.
func (e engineLog) Fatalf(format string, args ...any) { e.say(slog.LevelError, format, args) }

// panicLogInterval keeps a handler that panics at each message from filling the
// log. The metric counts all.
const panicLogInterval = time.Second

func (s *Server) logPanic(route string, value any) {
	now := time.Now().UnixNano()
	last := s.panicLogged.Load()
	if now-last < int64(panicLogInterval) || !s.panicLogged.CompareAndSwap(last, now) {
		return
	}
	s.options.Log.Error("a handler panicked", "route", route, "panic", fmt.Sprint(value), "stack", string(debug.Stack()))
}
