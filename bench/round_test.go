package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRound_Failure(t *testing.T) {
	for name, tt := range map[string]struct {
		round Round
		is    error
		says  string
	}{
		"all came":       {Round{Connections: 5, Alive: 5, Expected: 9, Delivered: 9, Foreign: 3}, nil, ""},
		"nothing to say": {Round{Connections: 5, Alive: 5}, nil, ""},
		"some lost":      {Round{Expected: 9, Delivered: 8, Lost: 1, Foreign: 3}, ErrDelivery, "of 9 deliveries 1 lost, 0 out of order, 0 twice"},
		"all lost":       {Round{Expected: 9, Lost: 9}, ErrDelivery, "of 9 deliveries 9 lost"},
		"all refused":    {Round{Expected: 9, Lost: 9, Foreign: 12}, ErrDelivery, "none of 9 came, and 12 other frames did"},
		"gone":           {Round{Connections: 5, Alive: 3, Expected: 9, Delivered: 9}, ErrConnectionsLost, "2 of 5"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.round.failure()
			require.ErrorIs(t, err, tt.is)
			if tt.is != nil {
				require.ErrorContains(t, err, tt.says)
			}
		})
	}
}
