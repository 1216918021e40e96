package core

import "time"

// times is the distribution of a time. It belongs to one goroutine, and to note one
// costs no more than to count it.
type times struct {
	counts [len(timeBounds) + 1]uint64
	sum    time.Duration
}

// timeBounds are the bounds of times.
var timeBounds = [...]time.Duration{
	time.Microsecond, 5 * time.Microsecond, 10 * time.Microsecond, 50 * time.Microsecond,
	100 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 5 * time.Second,
}

var boundsInSeconds = func() (seconds []float64) {
	for _, bound := range timeBounds {
		seconds = append(seconds, bound.Seconds())
	}
	return seconds
}()

// note adds a time. Most are short, and their bucket is found at once.
func (t *times) note(took time.Duration) {
	i := 0
	for i < len(timeBounds) && took > timeBounds[i] {
		i++
	}
	t.counts[i]++
	t.sum += took
}

func (t *times) add(o *times) {
	for i, n := range o.counts {
		t.counts[i] += n
	}
	t.sum += o.sum
}

func (t *times) histogram() Histogram {
	return Histogram{Bounds: boundsInSeconds, Counts: append([]uint64(nil), t.counts[:]...), Sum: t.sum.Seconds()}
}

// sumTimes returns the sums of two lists, which may differ in length. It leaves both
// as they are.
func sumTimes(a, b []times) []times {
	sums := make([]times, max(len(a), len(b)))
	copy(sums, a)
	for i := range b {
		sums[i].add(&b[i])
	}
	return sums
}
