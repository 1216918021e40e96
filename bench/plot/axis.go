package plot

import (
	"math"
	"strconv"
)

// Axis is a direction of a chart: which values it shows, how they are spread, and
// what is written beside them.
type Axis struct {
	From, To    float64 // values at the ends, From < To
	Logarithmic bool    // From is positive then
	Ticks       []float64
	Text        func(v float64) string
}

// place returns where a value lies, from 0 to 1.
func (a *Axis) place(v float64) float64 {
	if a.Logarithmic {
		return math.Log(max(v, a.From)/a.From) / math.Log(a.To/a.From)
	}
	return (v - a.From) / (a.To - a.From)
}

// Linear returns an axis from 0 to at least top, with about so many ticks.
func Linear(top float64, ticks int, text func(v float64) string) Axis {
	step := niceStep(max(top, math.SmallestNonzeroFloat32) / float64(ticks))
	a := Axis{Text: text}
	for i := 0; ; i++ {
		v := float64(i) * step
		a.Ticks = append(a.Ticks, v)
		if i > 0 && v >= top {
			a.To = v
			return a
		}
	}
}

// niceStep is the smallest of 1, 2, 5, 10, 20, … that is not below a step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= step {
			return factor * power
		}
	}
	return 10 * power
}

// Decades returns a logarithmic axis of whole powers of ten around positive values.
func Decades(least, most float64, text func(v float64) string) Axis {
	low := math.Floor(math.Log10(least))
	high := max(math.Ceil(math.Log10(most)), low+1)
	a := Axis{From: math.Pow(10, low), To: math.Pow(10, high), Logarithmic: true, Text: text}
	for e := low; e <= high; e++ {
		a.Ticks = append(a.Ticks, math.Pow(10, e))
	}
	return a
}

// Nines returns an axis of 0, 90, 99, 99.9 % and so on, for values that are the
// logarithm of how many of one lie above.
func Nines(most float64) Axis {
	a := Axis{To: max(most, 1), Text: func(v float64) string {
		return strconv.FormatFloat(100*(1-math.Pow(10, -v)), 'f', max(int(math.Ceil(v))-2, 0), 64) + " %"
	}}
	for v := 0.0; v <= a.To; v++ {
		a.Ticks = append(a.Ticks, v)
	}
	return a
}
