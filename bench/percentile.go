package bench

import "math"

// percentilesPerDecade is how many points a curve of percentiles has between two
// of 0, 90, 99, 99.9 %, and so on.
const percentilesPerDecade = 10

// Percentile is a point of a distribution.
type Percentile struct {
	Share  float64 `json:"share"`  // of all values, from 0 to 1, that are no greater
	Micros float64 `json:"micros"` // microseconds
}

// percentiles returns the curve of a histogram, finer towards the end, as far as
// its values go; the last point is the greatest. An empty one has none.
func percentiles(h *histogram) (points []Percentile) {
	if h.total == 0 {
		return nil
	}
	last := int(math.Ceil(percentilesPerDecade * math.Log10(float64(h.total))))
	for i := range last {
		share := 1 - math.Pow(10, -float64(i)/percentilesPerDecade)
		points = append(points, Percentile{share, micros(h.quantile(share))})
	}
	return append(points, Percentile{1, micros(h.max)})
}
