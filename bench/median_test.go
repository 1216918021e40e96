package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRatioIsOfRoundsThatBothHave(t *testing.T) {
	rounds := func(values ...float64) (r []Round) {
		for _, v := range values {
			r = append(r, Round{CPUPerFrame: v})
		}
		return r
	}
	for name, test := range map[string]struct {
		of, to []Round
		want   float64
		ok     bool
	}{
		"median":           {rounds(2, 30, 3), rounds(1, 10, 2), 2, true},
		"of two":           {rounds(2, 4), rounds(1, 1), 3, true},
		"ours is missing":  {rounds(0, 0, 6), rounds(1, 1, 2), 3, true},
		"other is missing": {rounds(5, 6), rounds(0, 2), 3, true},
		"fewer rounds":     {rounds(4), rounds(2, 1), 2, true},
		"none":             {rounds(0, 1), rounds(1, 0), 0, false},
	} {
		got, ok := Ratio(test.of, test.to, func(r *Round) float64 { return r.CPUPerFrame })
		assert.Equal(t, test.ok, ok, name)
		assert.InDelta(t, test.want, got, 1e-9, name)
	}
}
