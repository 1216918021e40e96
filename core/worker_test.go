package core_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Workers share an address that nobody else may listen on.
func TestRun_Workers(t *testing.T) {
	first := start(t, core.Options{Addr: freeAddress(t), Loops: 1, Worker: &core.Worker{Number: 0}})
	address := first.Addr().String()
	second := start(t, core.Options{Addr: address, Loops: 1, Worker: &core.Worker{Number: 1, Restarts: 2}})
	require.Equal(t, address, second.Addr().String())
	require.Equal(t, &core.Worker{Number: 1, Restarts: 2}, second.Stats().Worker)
	require.ErrorContains(t, newServer(t, core.Options{Addr: address}).Run(t.Context()), "address already in use")
	connectMany(t, first, 64)
	require.Positive(t, first.Stats().Clients)
	require.Positive(t, second.Stats().Clients)

	portless := newServer(t, core.Options{Addr: "127.0.0.1:0", Worker: &core.Worker{}})
	require.ErrorContains(t, portless.Run(t.Context()), "needs a port")
	nowhere := newServer(t, core.Options{Addr: "192.0.2.1:3000", Worker: &core.Worker{}})
	require.ErrorContains(t, nowhere.Run(t.Context()), "cannot assign requested address")
	require.Nil(t, newServer(t, core.Options{}).Stats().Worker)
}

// freeAddress returns an address of loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
