package core

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// A node's own answer counts, though the time for others' has passed.
func TestReceive_WhatIsThereCounts(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for range 100 {
		from := make(chan int, 1)
		from <- 7
		value, ok := receive(over, from)
		require.True(t, ok)
		require.Equal(t, 7, value)
	}
	_, ok := receive(over, make(chan int))
	require.False(t, ok)
}
