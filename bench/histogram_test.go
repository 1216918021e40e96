package bench

import (
	"math"
	"testing"
	"time"
)

func TestHistogramQuantile(t *testing.T) {
	var thousand []time.Duration
	for i := range 1000 {
		thousand = append(thousand, time.Duration(i+1)*time.Microsecond)
	}
	for _, test := range []struct {
		name          string
		values        []time.Duration
		p50, p99, max time.Duration
	}{
		{"empty", nil, 0, 0, 0},
		{"one", []time.Duration{7}, 7, 7, 7},
		{"negative counts as zero", []time.Duration{-5}, 0, 0, 0},
		{"exact below 256", []time.Duration{10, 20, 30, 255}, 20, 30, 255},
		{"thousand", thousand, 500 * time.Microsecond, 990 * time.Microsecond, time.Millisecond},
		{"largest", []time.Duration{math.MaxInt64}, math.MaxInt64, math.MaxInt64, math.MaxInt64},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h histogram
			for _, v := range test.values {
				h.add(v)
			}
			within(t, "p50", h.quantile(0.50), test.p50)
			within(t, "p99", h.quantile(0.99), test.p99)
			if h.max != test.max {
				t.Errorf("max = %v, want %v", h.max, test.max)
			}
			if h.total != uint64(len(test.values)) {
				t.Errorf("total = %d, want %d", h.total, len(test.values))
			}
		})
	}
}

// within accepts what the bucket width allows: less than 1 % below.
func within(t *testing.T, name string, got, want time.Duration) {
	t.Helper()
	if got > want || want-got > want/100 {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

func TestHistogramBucketsAreContiguous(t *testing.T) {
	for i := 1; i < histogramBuckets; i++ {
		start := bucketStart(i)
		if bucketOf(start) != i || bucketOf(start-1) != i-1 {
			t.Fatalf("bucket %d begins at %d, which lies in %d, and before it %d", i, start, bucketOf(start), bucketOf(start-1))
		}
	}
}

func TestHistogramMerge(t *testing.T) {
	var a, b histogram
	a.add(10)
	b.add(20)
	b.add(50)
	a.merge(&b)
	if a.total != 3 || a.max != 50 || a.quantile(0.5) != 20 {
		t.Errorf("merged: total %d, max %v, median %v", a.total, a.max, a.quantile(0.5))
	}
}

func TestHistogramCorrect(t *testing.T) {
	for _, test := range []struct {
		name     string
		values   []time.Duration
		interval time.Duration
		want     []time.Duration // from the smallest
	}{
		{"nothing to add", []time.Duration{10, 19}, 10, []time.Duration{10, 19}},
		{"a stall", []time.Duration{10, 55}, 10, []time.Duration{10, 15, 25, 35, 45, 55}},
		{"twice the interval", []time.Duration{20}, 10, []time.Duration{10, 20}},
		{"two stalls", []time.Duration{30, 30}, 10, []time.Duration{10, 10, 20, 20, 30, 30}},
		{"no interval", []time.Duration{50}, 0, []time.Duration{50}},
		{"empty", nil, 10, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h histogram
			for _, v := range test.values {
				h.add(v)
			}
			h.correct(test.interval)
			if h.total != uint64(len(test.want)) {
				t.Fatalf("total = %d, want %d", h.total, len(test.want))
			}
			for i, want := range test.want {
				if got := h.quantile((float64(i) + 0.1) / float64(max(len(test.want)-1, 1))); got != want {
					t.Errorf("value %d = %v, want %v", i, got, want)
				}
			}
		})
	}
}
