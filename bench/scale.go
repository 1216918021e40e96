package bench

import (
	"fmt"
	"math"
	"strconv"
)

// axis is a direction of a chart: which values it shows, how they are spread, and
// what is written beside them.
type axis struct {
	from, to    float64 // values at the ends, from < to
	logarithmic bool    // from is positive then
	ticks       []float64
	text        func(v float64) string
}

// place returns where a value lies, from 0 to 1.
func (a *axis) place(v float64) float64 {
	if a.logarithmic {
		return math.Log(max(v, a.from)/a.from) / math.Log(a.to/a.from)
	}
	return (v - a.from) / (a.to - a.from)
}

// linear returns an axis from 0 to at least top, with about so many ticks.
func linear(top float64, ticks int, text func(v float64) string) axis {
	step := niceStep(max(top, math.SmallestNonzeroFloat32) / float64(ticks))
	a := axis{text: text}
	for i := 0; ; i++ {
		v := float64(i) * step
		a.ticks = append(a.ticks, v)
		if i > 0 && v >= top {
			a.to = v
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

// decades returns a logarithmic axis of whole powers of ten around positive values.
func decades(least, most float64, text func(v float64) string) axis {
	low := math.Floor(math.Log10(least))
	high := max(math.Ceil(math.Log10(most)), low+1)
	a := axis{from: math.Pow(10, low), to: math.Pow(10, high), logarithmic: true, text: text}
	for e := low; e <= high; e++ {
		a.ticks = append(a.ticks, math.Pow(10, e))
	}
	return a
}

// nines returns an axis of 0, 90, 99, 99.9 % and so on, for values that are the
// logarithm of how many of one lie above.
func nines(most float64) axis {
	a := axis{to: max(most, 1), text: func(v float64) string {
		return strconv.FormatFloat(100*(1-math.Pow(10, -v)), 'f', max(int(math.Ceil(v))-2, 0), 64) + " %"
	}}
	for v := 0.0; v <= a.to; v++ {
		a.ticks = append(a.ticks, v)
	}
	return a
}

// How values are written.

func textCount(v float64) string {
	switch {
	case v >= 1e6:
		return short(v/1e6) + " M"
	case v >= 1e3:
		return short(v/1e3) + " k"
	}
	return short(v)
}

func textBytes(v float64) string {
	switch {
	case v >= 1e9:
		return short(v/1e9) + " GB"
	case v >= 1e6:
		return short(v/1e6) + " MB"
	}
	return short(v/1e3) + " kB"
}

func textMicros(v float64) string {
	switch {
	case v >= 1e6:
		return short(v/1e6) + " s"
	case v >= 1e3:
		return short(v/1e3) + " ms"
	}
	return short(v) + " µs"
}

func textSeconds(v float64) string { return short(v) + " s" }

// short writes a value with at most three digits, more where it is larger.
func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
