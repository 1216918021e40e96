package redis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// The lag is that of the last probe, and grows while one is awaited.
func TestBus_Lag(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 1, quickly(server.URL()))
	m.until(func() bool { return m.Stats().LagSeconds > 0 }, "a probe has come back")
	server.Freeze()
	m.until(func() bool { return m.Stats().LagSeconds > 1 }, "it grows, also when the connection is given up")
	require.False(t, m.Status().Connected)
	server.Thaw()
	m.until(func() bool { return m.Status().Connected && m.Stats().LagSeconds < 1 }, "it is over")
	m.Close()
	require.Zero(t, m.Stats().LagSeconds)
}
