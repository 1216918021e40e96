package core

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

// A connection gives way to a client only if its descriptor is one of those that are
// wanted. If there is none such the client is refused.
func TestDescriptors_NobodyGivesWayInVain(t *testing.T) {
	server, err := New(Options{Loops: 1, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	l, err := newLoop(server, 0)
	require.NoError(t, err)
	defer l.poll.Discard()
	open := func() (h *handshake, peer int) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(pair[1]) })
		l.open(pair[0], &listener{}, netip.MustParseAddr("192.0.2.1"))
		return l.arrivals.all.newest.of, pair[1]
	}
	silent, _ := open()
	for _, tt := range []struct {
		refuse int
		helps  bool
	}{{silent.fd, false}, {silent.fd + 1, true}} {
		server.descriptors.refuse = tt.refuse
		h, peer := open()
		_, err := unix.Write(peer, upgradeRequest)
		require.NoError(t, err)
		l.Ready(h, poll.Input)
		require.Equal(t, !tt.helps, h.refused)
		require.Equal(t, tt.helps, silent.closed)
	}
	require.EqualValues(t, 1, l.counters.Refused[refusedConnections])
	require.EqualValues(t, 1, l.counters.Refused[refusedDescriptors])
	require.EqualValues(t, 1, l.counters.Upgraded)
	l.dropAll()
}
