package core

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/shard"
)

// bucket returns the number of the only bucket that has a value.
func bucket(t *testing.T, h Histogram) int {
	t.Helper()
	require.EqualValues(t, 1, h.Count())
	require.Len(t, h.Counts, len(h.Bounds)+1)
	require.True(t, slices.IsSorted(h.Bounds))
	return slices.Index(h.Counts, 1)
}

func TestTimes_Buckets(t *testing.T) {
	last := len(timeBounds)
	for took, want := range map[time.Duration]int{
		-1: 0, 0: 0, 1: 0, time.Microsecond: 0, time.Microsecond + 1: 1, 5 * time.Microsecond: 1, 7 * time.Microsecond: 2,
		time.Millisecond: 6, 5 * time.Second: last - 1, 5*time.Second + 1: last, time.Hour: last,
	} {
		var of times
		of.note(took)
		h := of.histogram()
		require.Equal(t, want, bucket(t, h), took)
		require.Equal(t, took.Seconds(), h.Sum)
	}
}

func TestSumTimes(t *testing.T) {
	var one, two times
	one.note(time.Second)
	two.note(time.Minute)
	a, b := []times{one}, []times{two, one}
	sums := sumTimes(a, b)
	require.Equal(t, sums, sumTimes(b, a))
	require.Len(t, sums, 2)
	require.Equal(t, time.Minute+time.Second, sums[0].sum)
	require.Equal(t, one, sums[1])
	require.Equal(t, []times{one}, a)
	require.Equal(t, []times{two, one}, b)
	require.Empty(t, sumTimes(nil, nil))
}

func TestFanOut_Buckets(t *testing.T) {
	for receivers, want := range map[int]int{0: 0, 1: 1, 2: 2, 10: 2, 11: 3, 100: 3, 1_000_000: 7, 1_000_001: 8} {
		var of fanOut
		of.note(receivers)
		h := of.histogram()
		require.Equal(t, want, bucket(t, h), receivers)
		require.Equal(t, float64(receivers), h.Sum)
	}
}

func TestBatches_Bounds(t *testing.T) {
	h := batches(&shard.Counters{FramesOut: 9, Batches: [shard.BatchSizes]uint64{3, 1}})
	require.Equal(t, []float64{1, 2, 4, 8}, h.Bounds[:4])
	require.Len(t, h.Counts, len(h.Bounds)+1)
	require.EqualValues(t, 4, h.Count())
	require.Equal(t, 9.0, h.Sum)
}
