package core

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A server that was asked to stop while it started must not run on.
func TestServe_WhenStopping(t *testing.T) {
	server, err := New(Options{Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	server.life.Load().addr, err = server.options.listenAddr()
	require.NoError(t, err)
	server.state.Store(int32(StateDraining))
	require.NoError(t, server.serve())
	assert.False(t, server.booted())
	for range server.running {
		t.Error("a loop is left")
	}
}

func TestPlanDescriptors(t *testing.T) {
	plan, err := planDescriptors(20_000, 2, 0)
	require.NoError(t, err)
	assert.Greater(t, plan.cap, 19_000)
	assert.Less(t, plan.cap, plan.refuse)
	assert.Less(t, plan.refuse, plan.drop)
	assert.Less(t, plan.drop, 20_000)

	plan, err = planDescriptors(20_000, 2, 100)
	require.NoError(t, err)
	assert.Equal(t, 100, plan.cap)

	_, err = planDescriptors(20_000, 2, 19_999)
	require.ErrorContains(t, err, "max-connections is 19999")
	_, err = planDescriptors(128, 2, 0)
	require.ErrorContains(t, err, "the descriptor limit is 128")
}
