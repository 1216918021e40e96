package poll

import "time"

// How long a loop waits for sockets tells how busy it is: the rest of the time it
// works. Measuring that takes two readings of the clock for each wait, so it is done
// only while somebody wants to know.

// SetTimed begins to measure how long the loop waits, or ends it. Any goroutine may
// call it.
func (l *Loop) SetTimed(timed bool) { l.timed.Store(timed) }

// Timed reports whether that is measured. Any goroutine may call it.
func (l *Loop) Timed() bool { return l.timed.Load() }

// Waited returns how long the loop has waited while that was measured.
func (l *Loop) Waited() time.Duration { return l.waited }
