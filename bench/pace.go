package bench

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

// What is published on time carries the time at which it was due, not that at
// which it was sent: a server that stalls delays the publisher, too, and the wait
// of what it could not publish counts.

// paced calls publish n times at equal distances, with the time that it is due. It
// keeps to its schedule to the end: one that is late does not delay the others.
func paced(ctx context.Context, n int, interval time.Duration, publish func(i int, due time.Time) error) error {
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * interval)
		if err := waitUntil(ctx, due); err != nil {
			return err
		}
		if err := publish(i, due); err != nil {
			return err
		}
	}
	return pause(ctx, time.Until(began.Add(time.Duration(n)*interval)))
}

// timerSlop is more than Go's timers are late on a machine that has time.
const timerSlop = 2 * time.Millisecond

// waitUntil waits until a time, or until ctx ends. Go's timers can be a millisecond
// late, which would count as the server's: the last bit is slept in a system call.
func waitUntil(ctx context.Context, due time.Time) error {
	if err := pause(ctx, time.Until(due)-timerSlop); err != nil {
		return err
	}
	if left := time.Until(due); left > 0 {
		left := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&left, nil) // a signal that ends it early makes a message punctual
	}
	return nil
}

// steadily publishes so many messages a second, to the rooms in turn.
func steadily(ctx context.Context, p *publisher, rate float64, duration time.Duration) error {
	interval := time.Duration(float64(time.Second) / rate)
	return paced(ctx, int(rate*duration.Seconds()), interval, func(i int, due time.Time) error {
		p.due = due
		return p.single(ctx, i%p.rooms)
	})
}
