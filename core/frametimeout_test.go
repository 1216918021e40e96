package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// A peer that sends a byte of its message now and then is alive, and closed.
func TestFrameTimeout_TricklingPeerIsClosed(t *testing.T) {
	server := start(t, core.Options{FrameTimeout: 100 * time.Millisecond, CloseTimeout: patience})
	alive := connect(t, server)
	peer := upgrade(t, server, raw(t, server))
	trickled := make(chan struct{})
	go func() {
		defer close(trickled)
		message := codec.AppendMaskedFrame(nil, codec.OpText, true, [4]byte{1, 2, 3, 4}, make([]byte, 60_000))
		slowly(peer, message)
	}()
	op, payload, err := peer.frame()
	require.NoError(t, err)
	require.Equal(t, codec.OpClose, op)
	require.Equal(t, "\x03\xf0frame timeout", payload)
	require.NoError(t, peer.Close())
	<-trickled
	eventually(t, func() bool { return server.Stats().Closed["frame_timeout"] == 1 }, "counted as what it is")
	require.Equal(t, wirePong, alive.ask(askPing))
}
