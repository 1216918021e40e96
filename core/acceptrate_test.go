package core

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// takes counts the tokens that there are at a time.
func takes(r *acceptRate, now time.Duration, perSecond int) (n int) {
	for r.take(now, perSecond) {
		n++
	}
	return n
}

func TestAcceptRate_Table(t *testing.T) {
	for _, perSecond := range []int{1, 2, 3, 7, 10, 1000, 30_000} {
		var r acceptRate
		now := 5 * time.Hour
		require.Equal(t, perSecond, takes(&r, now, perSecond), "it is full at first")
		require.Zero(t, takes(&r, now, perSecond))
		now += time.Second
		require.Equal(t, perSecond, takes(&r, now, perSecond), "and after a second")
		now += 100 * time.Second
		require.Equal(t, perSecond, takes(&r, now, perSecond), "more do not fit in")
		now += time.Second / time.Duration(perSecond)
		require.Equal(t, 1, takes(&r, now, perSecond), "one comes at its time")
		require.Zero(t, takes(&r, now-1, perSecond), "a loop whose clock was read earlier")
	}
}

func TestAcceptRate_IsShared(t *testing.T) {
	var r acceptRate
	var taken atomic.Int64
	var loops sync.WaitGroup
	for range 8 {
		loops.Go(func() {
			for range 1000 {
				if r.take(time.Minute, 1000) {
					taken.Add(1)
				}
			}
		})
	}
	loops.Wait()
	require.EqualValues(t, 1000, taken.Load())
}
