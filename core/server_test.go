package core

import (
	"net"
	"testing"

	"github.com/panjf2000/gnet/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0":   "0.0.0.0", // IPv4 alone: an operator who says so means it
		"127.0.0.1": "127.0.0.1",
		"::":        "", // both families
		"::1":       "::1",
		"fe80::1":   "fe80::1%eth0",
	} {
		ip := net.ParseIP(address)
		require.NotNil(t, ip)
		zone := ""
		if address == "fe80::1" {
			zone = "eth0"
		}
		assert.Equal(t, want, hostOf(&net.TCPAddr{IP: ip, Zone: zone}), address)
	}
}

// An engine that comes up after the server was asked to stop would never be
// stopped.
func TestOnBoot_WhenStopping(t *testing.T) {
	server, err := New(Options{})
	require.NoError(t, err)
	server.state.Store(int32(StateDraining))
	assert.Equal(t, gnet.Shutdown, engine{server}.OnBoot(gnet.Engine{}))
	server.state.Store(int32(StateStarting))
	assert.Equal(t, gnet.None, engine{server}.OnBoot(gnet.Engine{}))
	assert.Equal(t, StateRunning, server.State())
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
