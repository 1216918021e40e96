package core

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWaiting_KeepsTheOrder(t *testing.T) {
	var w waiting
	var model, gone []*handshake
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		if len(model) == 0 || random.IntN(2) == 0 {
			h := &handshake{}
			w.add(h, &h.requested)
			model = append(model, h)
		} else {
			i := random.IntN(len(model))
			w.remove(&model[i].requested)
			gone = append(gone, model[i])
			model = slices.Delete(model, i, i+1)
		}
		if len(gone) > 0 {
			w.remove(&gone[random.IntN(len(gone))].requested) // which is not in any more
		}
		require.Equal(t, len(model), w.size)
		if len(model) == 0 {
			require.Equal(t, waiting{}, w)
			continue
		}
		require.Same(t, model[0], w.oldest.of)
		require.Same(t, model[len(model)-1], w.newest.of)
	}
	at := 0
	for p := w.oldest; p != nil; p = p.newer {
		require.Same(t, model[at], p.of)
		at++
	}
	require.Equal(t, len(model), at)
	for _, h := range gone {
		require.Zero(t, h.requested)
	}
}
