package bench

import "slices"

// Figures of several rounds are shown as medians, and compared within each round.

// Median is the median of a figure over the rounds, of which there is at least one.
func Median(rounds []Round, value func(r *Round) float64) float64 {
	values := make([]float64, len(rounds))
	for i := range rounds {
		values[i] = value(&rounds[i])
	}
	return middle(values)
}

// Ratio is the median over the rounds of one server's figure divided by another's in
// the same round, which the machine's moods change less than the figures. Rounds in
// which one of them is missing or zero do not count; ok is false when none does.
func Ratio(of, to []Round, value func(r *Round) float64) (r float64, ok bool) {
	var ratios []float64
	for i := range min(len(of), len(to)) {
		if v, divisor := value(&of[i]), value(&to[i]); v != 0 && divisor != 0 {
			ratios = append(ratios, v/divisor)
		}
	}
	if len(ratios) == 0 {
		return 0, false
	}
	return middle(ratios), true
}

// middle sorts values, of which there is at least one, and returns the median.
func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
