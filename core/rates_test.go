package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRates_PerSecond(t *testing.T) {
	start := time.Now()
	at := func(seconds float64, in, out uint64) ratePoint {
		return ratePoint{start.Add(time.Duration(seconds * float64(time.Second))), in, out}
	}
	// steady are points a second apart, with 10 in and 20 out in each.
	steady := func(n int) (points []ratePoint) {
		for i := range n {
			points = append(points, at(float64(i), uint64(10*i), uint64(20*i)))
		}
		return points
	}
	cases := map[string]struct {
		points  []ratePoint
		in, out float64
	}{
		"nothing yet":              {nil, 0, 0},
		"one point":                {[]ratePoint{at(0, 500, 500)}, 0, 0},
		"two points":               {[]ratePoint{at(0, 100, 0), at(2, 130, 5)}, 15, 2.5},
		"steady":                   {steady(100), 10, 20},
		"silent since":             {append(steady(2), at(2, 10, 20), at(3, 10, 20), at(4, 10, 20)), 2.5, 5},
		"silent for a whole while": {append(steady(5), silent(start, 40, 80)...), 0, 0},
		"loops have ended":         {append(steady(5), at(5, 0, 0)), 0, 0},
		"and others have begun":    {append(steady(5), at(5, 0, 0), at(6, 3, 4)), 3, 4},
		"frames out begin anew":    {[]ratePoint{at(0, 1, 9), at(1, 2, 3), at(2, 3, 4)}, 1, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var r rates
			for _, p := range c.points {
				r.note(p)
			}
			in, out := r.perSecond()
			assert.InDelta(t, c.in, in, 1e-9)
			assert.InDelta(t, c.out, out, 1e-9)
			assert.LessOrEqual(t, len(r.points), rateWindow+1)
		})
	}
}

// silent are the points of a whole window and one more, from second 5 on, in
// which nothing is added.
func silent(start time.Time, in, out uint64) (points []ratePoint) {
	for i := range rateWindow + 1 {
		points = append(points, ratePoint{start.Add(time.Duration(5+i) * time.Second), in, out})
	}
	return points
}
