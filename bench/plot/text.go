package plot

import (
	"fmt"
	"strconv"
)

// How values are written.

// Count writes how many.
func Count(v float64) string {
	switch {
	case v >= 1e6:
		return Short(v/1e6) + " M"
	case v >= 1e3:
		return Short(v/1e3) + " k"
	}
	return Short(v)
}

// Bytes writes a number of bytes.
func Bytes(v float64) string {
	switch {
	case v >= 1e9:
		return Short(v/1e9) + " GB"
	case v >= 1e6:
		return Short(v/1e6) + " MB"
	}
	return Short(v/1e3) + " kB"
}

// Micros writes a time in microseconds.
func Micros(v float64) string {
	switch {
	case v >= 1e6:
		return Short(v/1e6) + " s"
	case v >= 1e3:
		return Short(v/1e3) + " ms"
	}
	return Short(v) + " µs"
}

// Seconds writes a time in seconds.
func Seconds(v float64) string { return Short(v) + " s" }

// Short writes a value with at most three digits, more where it is larger.
func Short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
