package poll_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/core/poll"
)

// Of a loop that waits most of the time, most of the time has been waited.
func TestIdle_WaitingIsMeasured(t *testing.T) {
	const pause = 50 * time.Millisecond
	l, o := running(t, func(l *poll.Loop) { l.SetTimed(true) })
	begin := time.Now()
	var first, last time.Duration
	l.Wake()
	o.next(t, func() { first = l.Waited() })
	for range 3 {
		time.Sleep(pause)
		l.Wake()
		o.next(t, func() { last = l.Waited() })
	}
	assert.GreaterOrEqual(t, last-first, 2*pause, "it has waited through the pauses")
	assert.LessOrEqual(t, last, time.Since(begin))
	assert.True(t, l.Timed())
}

// Work is no waiting, nor is a wait for which nobody asks.
func TestIdle_WorkIsNoWaiting(t *testing.T) {
	const work = 50 * time.Millisecond
	l, o := running(t, func(l *poll.Loop) { l.SetTimed(true) })
	var before, after time.Duration
	l.Wake()
	o.next(t, func() { before = l.Waited(); time.Sleep(work); l.Again() })
	o.next(t, func() { after = l.Waited(); l.SetTimed(false) })
	assert.Less(t, after-before, work)
	for range 2 {
		time.Sleep(work)
		l.Wake()
		o.next(t, func() { before, after = after, l.Waited() })
	}
	assert.Equal(t, before, after)
	assert.False(t, l.Timed())
}
