//go:build !race

package core

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/poll"
)

// newDeflatedStill is newStill with compression, for its client as well.
func newDeflatedStill(t *testing.T, prepare ...func(*Server)) *still {
	compressing := func(s *Server) {
		s.options.Compression, s.options.CompressionThreshold = CompressionOn, 100
		s.deflaters = codec.NewDeflaters(1)
	}
	s := newStill(t, append(prepare, compressing)...)
	s.loop.shard.SetWindow(s.client, codec.Window15)
	return s
}

// pressedFromClient is a client's compressed frame.
func pressedFromClient(payload string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write([]byte(payload))
	_ = w.Flush()
	frame := fromClient(codec.OpText, strings.TrimSuffix(b.String(), "\x00\x00\xff\xff"))
	frame[0] |= 0x40
	return frame
}

// isCompressed reports whether a frame from the server is.
func isCompressed(frame []byte) bool { return frame[0]&0x40 != 0 }

// A compressed message to many allocates its frame for each window, and itself
// once more: receivers may hold on to them for any time, so they come from no pool.
func TestAllocs_CompressedPublish(t *testing.T) {
	s := newDeflatedStill(t)
	payload := []byte(`{"type":"test","action":"event","data":"` + strings.Repeat("hello ", 100) + `"}`)
	publish := func() []byte {
		_, _ = s.server.Publish(Publication{To: Room("general"), Message: codec.NewMessage(codec.OpText, payload)})
		return s.turn()
	}
	require.True(t, isCompressed(publish()))
	require.EqualValues(t, publishAllocs+2, testing.AllocsPerRun(1000, func() { publish() }))

	small := codec.NewMessage(codec.OpText, payload[:90])
	publishSmall := func() []byte {
		_, _ = s.server.Publish(Publication{To: Room("general"), Message: small})
		return s.turn()
	}
	require.False(t, isCompressed(publishSmall()))
	require.Zero(t, testing.AllocsPerRun(1000, func() { publishSmall() }))
}

// Compressed requests and replies allocate nothing.
func TestAllocs_CompressedRequest(t *testing.T) {
	var large any = json.RawMessage(`"` + strings.Repeat("hello ", 100) + `"`)
	s := newDeflatedStill(t, func(s *Server) {
		s.Handle("test", "large", func(*Context) (any, error) { return large, nil })
	})
	for request, compressed := range map[string]bool{
		`{"type":"system","action":"ping","data":"` + strings.Repeat("a", 200) + `"}`: false,
		`{"type":"test","action":"large"}`:                                            true,
	} {
		frame := pressedFromClient(request)
		require.Equal(t, compressed, isCompressed(s.ask(frame)))
		require.Zero(t, testing.AllocsPerRun(1000, func() { s.ask(frame) }))
	}
	require.Zero(t, s.loop.counters.BadMessages)
	require.NotZero(t, s.loop.counters.Inflated)
}

// Of a client that compresses little is read at a time: it may become very much.
func TestCompression_SmallReads(t *testing.T) {
	s := newDeflatedStill(t)
	_, err := unix.Write(s.far, bytes.Repeat(pressedFromClient(`{"type":"no","action":"such"}`), 100))
	require.NoError(t, err)
	before := s.loop.counters.BytesIn
	s.loop.Ready(s.client, poll.Input)
	require.EqualValues(t, compressedRead, s.loop.counters.BytesIn-before)
}
