package shard

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNodes_ChunksAreGivenBackAndUsedAgain(t *testing.T) {
	var n nodes
	const burst = 50 * nodeChunkSize
	for range 3 {
		taken := map[uint32]bool{}
		for range burst {
			number := n.take([]byte("frame"), 1)
			require.NotZero(t, number)
			require.False(t, taken[number], "taken twice")
			taken[number] = true
		}
		assert.Len(t, n.chunks, 50, "numbers are used again")
		assert.Empty(t, n.open)
		for number := range taken { // in any order
			n.put(number)
		}
		assert.Equal(t, keptChunks, n.empty)
		assert.Len(t, n.open, keptChunks)
		assert.Len(t, n.unused, 50-keptChunks)
		for _, k := range n.unused {
			assert.Nil(t, n.chunks[k], "its memory is given back")
		}
	}
}

func TestNodes_AgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var n nodes
	var taken []uint32
	for step := range 400_000 {
		grow := 70 // percent, and as much to shrink
		if step/100_000%2 == 1 {
			grow = 30
		}
		if random.IntN(100) < grow || len(taken) == 0 {
			frame := []byte{byte(len(taken))}
			number := n.take(frame, 1)
			require.Equal(t, frame, n.at(number).frame)
			taken = append(taken, number)
			continue
		}
		i := random.IntN(len(taken))
		n.put(taken[i])
		taken[i] = taken[len(taken)-1]
		taken = taken[:len(taken)-1]
	}
	used := 0
	for _, c := range n.chunks {
		if c != nil {
			used += c.used
		}
	}
	assert.Equal(t, len(taken), used)
}
