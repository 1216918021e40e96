package plot

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestScales(t *testing.T) {
	for top, want := range map[float64]float64{0.7: 0.8, 4: 4, 4.1: 6, 79: 80, 61_000: 80_000, 0: 4 * 2e-45} {
		a := Linear(top, 4, Short)
		assert.InDelta(t, want, a.To, want/10+1e-40, top)
		assert.LessOrEqual(t, len(a.Ticks), 6)
	}
	a := Decades(130, 98_000, Micros)
	assert.InDelta(t, 100, a.From, 1e-9)
	assert.InDelta(t, 100_000, a.To, 1e-6)
	assert.InDelta(t, 1.0/3, a.place(1000), 1e-9)
	assert.Zero(t, a.place(5), "below the axis is on it")
	a = Decades(100, 100, Micros)
	assert.Len(t, a.Ticks, 2, "one value has a place, too")
	n := Nines(3.2)
	var labels []string
	for _, v := range n.Ticks {
		labels = append(labels, n.Text(v))
	}
	assert.Equal(t, []string{"0 %", "90 %", "99 %", "99.9 %"}, labels)
	for want, got := range map[string]string{
		"999": Count(999), "1.5 k": Count(1500), "20 M": Count(2e7),
		"1.2 GB": Bytes(1.2e9), "30 MB": Bytes(3e7), "0 kB": Bytes(0),
		"750 µs": Micros(750), "1.25 ms": Micros(1250), "2 s": Micros(2e6), "1234": Short(1234.4),
	} {
		assert.Equal(t, want, got)
	}
}
