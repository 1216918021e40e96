package client_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/client"
)

func TestBackoff_IsRandomUnderALimitThatDoubles(t *testing.T) {
	const rounds = 2000
	limits := []time.Duration{10, 20, 40, 80, 100, 100, 100}
	highest := make([]time.Duration, len(limits))
	sums := make([]time.Duration, len(limits))
	for range rounds {
		for i, wait := range client.Waits(10*time.Second, 100*time.Second, len(limits)) {
			require.GreaterOrEqual(t, wait, time.Duration(0))
			highest[i] = max(highest[i], wait)
			sums[i] += wait
		}
	}
	for i, limit := range limits {
		limit *= time.Second
		require.LessOrEqual(t, highest[i], limit)
		require.Greater(t, highest[i], limit*9/10, "the whole range is used")
		require.InEpsilon(t, limit/2, sums[i]/rounds, 0.1, "evenly")
	}
}

func TestBackoff_Extremes(t *testing.T) {
	for range 1000 {
		require.LessOrEqual(t, client.WaitAfterReset(time.Millisecond, time.Hour), time.Millisecond)
	}
	for _, wait := range client.Waits(time.Hour, math.MaxInt64, 100) {
		require.GreaterOrEqual(t, wait, time.Duration(0), "doubling does not overflow")
	}
}
