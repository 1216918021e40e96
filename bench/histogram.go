package bench

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"time"
)

// histogramBits is the number of bits of a value that a bucket keeps beside the
// first, so a quantile is at most 1/128 below the truth.
const histogramBits = 7

// histogramBuckets covers every non-negative int64.
const histogramBuckets = (64 - histogramBits) << histogramBits

// histogram counts durations in log-linear buckets, as HDR histograms do: exact
// below 256 ns, then 128 buckets for each doubling. It belongs to one goroutine; the zero value is
// empty.
type histogram struct {
	counts [histogramBuckets]uint64
	total  uint64
	max    time.Duration
}

// add counts d; a negative one, from a clock that stepped back, counts as 0.
func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)]++
	h.total++
	h.max = max(h.max, d)
}

// merge adds what o counted.
func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
	h.max = max(h.max, o.max)
}

// correct adds the values that a stall has kept from being measured, where
// requests followed answers: who should have asked every interval and waited for
// d did not ask at d-interval, d-2*interval and so on, and would have waited for
// that long. An interval of 0 changes nothing.
func (h *histogram) correct(interval time.Duration) {
	if interval <= 0 {
		return
	}
	measured := h.counts
	for i, n := range measured {
		if n == 0 {
			continue
		}
		for missed := bucketStart(i) - interval; missed >= interval; missed -= interval {
			h.counts[bucketOf(missed)] += n
			h.total += n
		}
	}
}

// counted is a histogram as JSON.
type counted struct {
	Counts map[int]uint64 // by bucket, without the empty ones
	Max    time.Duration
}

// MarshalJSON writes the buckets that hold something.
func (h *histogram) MarshalJSON() ([]byte, error) {
	c := counted{Counts: make(map[int]uint64), Max: h.max}
	for i, n := range h.counts {
		if n > 0 {
			c.Counts[i] = n
		}
	}
	return json.Marshal(c)
}

// UnmarshalJSON reads what MarshalJSON wrote into an empty histogram.
func (h *histogram) UnmarshalJSON(b []byte) error {
	var c counted
	if err := json.Unmarshal(b, &c); err != nil {
		return err
	}
	for i, n := range c.Counts {
		if i < 0 || i >= histogramBuckets {
			return fmt.Errorf("bench: a histogram has no bucket %d", i)
		}
		h.counts[i] = n
		h.total += n
	}
	h.max = c.Max
	return nil
}

// quantile returns the smallest value of the bucket that holds the qth share of
// all values, q from 0 to 1; 0 when there are none.
func (h *histogram) quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q * float64(h.total-1))
	for i, n := range h.counts {
		if rank < n {
			return bucketStart(i)
		}
		rank -= n
	}
	return h.max
}

func bucketOf(d time.Duration) int {
	v := uint64(d)
	shift := max(bits.Len64(v)-histogramBits-1, 0)
	return shift<<histogramBits + int(v>>shift)
}

func bucketStart(i int) time.Duration {
	shift := max(i>>histogramBits-1, 0)
	return time.Duration(uint64(i-shift<<histogramBits) << shift)
}
