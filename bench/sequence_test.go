package bench

import (
	"slices"
	"testing"
)

func TestSequence(t *testing.T) {
	for _, test := range []struct {
		name     string
		numbers  []uint64
		verdicts []verdict
	}{
		{"in order", []uint64{0, 1, 2}, []verdict{inOrder, inOrder, inOrder}},
		{"gap", []uint64{0, 2, 3}, []verdict{inOrder, skipped, inOrder}},
		{"swapped", []uint64{1, 0, 2}, []verdict{skipped, late, inOrder}},
		{"twice", []uint64{0, 0, 1}, []verdict{inOrder, duplicate, inOrder}},
		{"late and then twice", []uint64{1, 0, 0}, []verdict{skipped, late, duplicate}},
		{"nonsense", []uint64{0, 1 << 40, 1}, []verdict{inOrder, absurd, inOrder}},
	} {
		var s sequence
		var got []verdict
		for _, n := range test.numbers {
			got = append(got, s.see(n))
		}
		if !slices.Equal(got, test.verdicts) {
			t.Errorf("%s: %v, want %v", test.name, got, test.verdicts)
		}
	}
}
