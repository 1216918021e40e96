package core

import "math/bits"

// turns is a random order of slots: a permutation of the numbers below a power of two,
// of which those of slots that have never been used are nobody's turn. It is
// calculated and not kept, and any goroutine may use it.
type turns struct {
	seed uint32
	bits int
}

// leastTurnBits makes enough turns for the moments of a few clients to be random, too.
const leastTurnBits = 16

// turnsOf returns an order of so many slots, one for each seed.
func turnsOf(slots int, seed uint32) turns {
	return turns{seed: seed, bits: max(leastTurnBits, bits.Len(uint(slots)))}
}

// len returns the number of turns.
func (t turns) len() int { return 1 << t.bits }

// slot returns whose turn it is, for turns from 0 to len()-1. Each step can be
// reversed, so no two turns have the same slot.
func (t turns) slot(turn int) int {
	const odd = 0x9E3779B1 // 2^32 by the golden ratio
	mask, x := uint32(t.len()-1), uint32(turn)
	for range 3 {
		x = (x + t.seed) * odd & mask
		x ^= x >> (t.bits / 2)
	}
	return int(x)
}
