package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each number below a power of two, and so each slot, has one turn.
func TestTurns_AreAPermutation(t *testing.T) {
	for _, slots := range []int{0, 1, 2, 1000, 65_535, 65_536, 200_000} {
		for _, seed := range []uint32{0, 1, 2, 12345, 1 << 31, 1<<32 - 1} {
			order := turnsOf(slots, seed)
			require.GreaterOrEqual(t, order.len(), max(slots, 1<<leastTurnBits))
			seen := make([]bool, order.len())
			for turn := range order.len() {
				slot := order.slot(turn)
				if seen[slot] {
					t.Fatalf("of %d slots with seed %d slot %d has two turns", slots, seed, slot)
				}
				seen[slot] = true
			}
		}
	}
}

// Those who came together have their turns in all parts of the time, and each part
// has as many.
func TestTurns_AreSpread(t *testing.T) {
	const together, parts = 2000, 10
	for _, slots := range []int{together, 150_000} {
		for seed := range uint32(50) {
			order := turnsOf(slots, seed*2_654_435)
			var first, last [parts]int // of the first and of the last slots, by part of the time
			for turn := range order.len() {
				part := turn * parts / order.len()
				switch slot := order.slot(turn); {
				case slot < together:
					first[part]++
				case slot >= slots-together && slot < slots:
					last[part]++
				}
			}
			for part := range parts {
				require.InDelta(t, together/parts, first[part], together/parts/2, "seed %d, part %d", seed, part)
				if slots > together {
					require.InDelta(t, together/parts, last[part], together/parts/2, "seed %d, part %d", seed, part)
				}
			}
		}
	}
}

// Neighbours do not follow each other, and each drain has an order of its own.
func TestTurns_NeighboursPart(t *testing.T) {
	const slots = 1000
	at := func(seed uint32) (turns [slots]int) {
		order := turnsOf(slots, seed)
		for turn := range order.len() {
			if slot := order.slot(turn); slot < slots {
				turns[slot] = turn
			}
		}
		return turns
	}
	near := func(a, b int) bool { return max(a, b)-min(a, b) < 1<<leastTurnBits/20 } // a tenth of all pairs are
	one, other := at(7), at(8)
	neighbours, same := 0, 0
	for slot := range slots - 1 {
		if near(one[slot], one[slot+1]) {
			neighbours++
		}
		if near(one[slot], other[slot]) {
			same++
		}
	}
	require.Less(t, neighbours, slots/5)
	require.Less(t, same, slots/5)
}
