package client

import "time"

// Waits returns what a client waits before n attempts in a row.
func Waits(least, most time.Duration, n int) (waits []time.Duration) {
	b := newBackoff(least, most)
	for range n {
		waits = append(waits, b.next())
	}
	return waits
}

// WaitAfterReset returns the first wait after many, and a reset.
func WaitAfterReset(least, most time.Duration) time.Duration {
	b := newBackoff(least, most)
	for range 100 {
		b.next()
	}
	b.reset()
	return b.next()
}
