package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFanout_Percentiles(t *testing.T) {
	milliseconds := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, c := range []struct {
		samples       int // that took 1 ms, 2 ms, and so on
		p50, p99, max int
	}{{1, 1, 1, 1}, {2, 1, 2, 2}, {10, 5, 10, 10}, {100, 50, 99, 100}, {600, 300, 594, 600}} {
		var f fanoutTimes
		for i := range c.samples {
			at := time.Second + milliseconds(i)
			f.end(at-milliseconds(i+1), at)
		}
		want := Fanout{c.samples, milliseconds(c.p50).Seconds(), milliseconds(c.p99).Seconds(), milliseconds(c.max).Seconds()}
		assert.Equal(t, want, f.lately(2*time.Second))
	}
}

func TestFanout_LastMinuteOnly(t *testing.T) {
	var f fanoutTimes
	assert.Zero(t, f.lately(time.Hour))
	f.end(time.Second, 2*time.Second)
	f.end(30*time.Second, 33*time.Second)
	assert.Equal(t, Fanout{2, 1, 3, 3}, f.lately(62*time.Second))
	assert.Equal(t, Fanout{1, 3, 3, 3}, f.lately(63*time.Second))
	assert.Zero(t, f.lately(94*time.Second))
	for i := range 10 * len(f.samples) { // the oldest give way
		f.end(time.Hour+time.Duration(i), time.Hour+time.Duration(2*i))
	}
	assert.Equal(t, len(f.samples), f.lately(time.Hour).Samples)
}

// The histogram forgets nothing.
func TestFanout_Histogram(t *testing.T) {
	var f fanoutTimes
	f.end(0, 3*time.Microsecond)
	f.end(time.Second, 2*time.Second)
	f.end(time.Second, 10*time.Second)
	for range 2 {
		h := f.histogram()
		assert.InDelta(t, 10.000003, h.Sum, 1e-9)
		assert.EqualValues(t, 3, h.Count())
		for bucket, want := range map[int]uint64{0: 0, 1: 1, len(h.Bounds) - 2: 1, len(h.Bounds): 1} {
			assert.Equal(t, want, h.Counts[bucket], bucket)
		}
		f.reset()
	}
}

// There are only so many samples in a second, one at a time.
func TestFanout_Budget(t *testing.T) {
	var f fanoutTimes
	assert.False(t, f.begin(), "it does not run")
	for range 2 {
		f.allow()
		for range fanoutSamples {
			assert.True(t, f.begin())
			assert.False(t, f.begin(), "one is under way")
			f.end(time.Second, 2*time.Second)
		}
		assert.False(t, f.begin(), "these were all")
	}
	f.allow()
	assert.True(t, f.begin())
	f.reset()
	assert.True(t, f.begin(), "nobody will end the other")
}
