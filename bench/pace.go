package bench

import (
	"context"
	"time"
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
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		if err := publish(i, due); err != nil {
			return err
		}
	}
	return pause(ctx, time.Until(began.Add(time.Duration(n)*interval)))
}

// steadily publishes so many messages a second, to the rooms in turn.
func steadily(ctx context.Context, p *publisher, rate float64, duration time.Duration) error {
	interval := time.Duration(float64(time.Second) / rate)
	return paced(ctx, int(rate*duration.Seconds()), interval, func(i int, due time.Time) error {
		p.due = due
		return p.single(ctx, i%p.rooms)
	})
}
