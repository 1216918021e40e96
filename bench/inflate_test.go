package bench

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

// prose is a message with text that compresses as JSON does.
func prose(seq uint64, size int) []byte {
	m := appendMessage(nil, seq, 1_700_000_000_000_000_000, size)
	writeProse(m[padAt:len(m)-len(messageTail)], seq)
	return m
}

// deflaters are for all tests: each takes a megabyte.
var deflaters = codec.NewDeflaters(6)

// deflated is a message as a compressed frame.
func deflated(t *testing.T, message []byte) []byte {
	t.Helper()
	frame, ok := deflaters.AppendFrame(nil, codec.OpText, message, codec.Window15)
	require.True(t, ok, "it becomes smaller")
	return frame
}

func TestProse_CompressesAsJSONDoes(t *testing.T) {
	message := prose(1, 1024)
	require.Equal(t, message, prose(1, 1024))
	require.NotEqual(t, message[padAt:], prose(2, 1024)[padAt:])
	require.True(t, codec.ValidJSON(message))
	seq, _, ok := parseMessage(message)
	require.True(t, ok)
	require.EqualValues(t, 1, seq)
	ratio := float64(len(deflated(t, message))) / 1024
	require.Greater(t, ratio, 0.3)
	require.Less(t, ratio, 0.6)
	for size := minMessage; size < minMessage+300; size++ {
		require.Len(t, prose(uint64(size), size), size)
	}
}

// Whatever has been forgotten meanwhile, a message becomes what it was.
func TestInflating_RemembersMessages(t *testing.T) {
	f := newInflating()
	payload := func(seq uint64) []byte {
		frame := deflated(t, prose(seq, 500))
		_, n := codec.ParseHeader(frame)
		return frame[n:]
	}
	first, err := f.inflate(codec.OpText, payload(0))
	require.NoError(t, err)
	again, err := f.inflate(codec.OpText, payload(0))
	require.NoError(t, err)
	require.Same(t, &first[0], &again[0], "it is not inflated twice")
	for range 2 {
		for seq := range uint64(2 * knownMessages) {
			got, err := f.inflate(codec.OpText, payload(seq))
			require.NoError(t, err)
			require.True(t, bytes.Equal(prose(seq, 500), got))
		}
	}
	_, err = f.inflate(codec.OpText, []byte("\xff\xff\xff"))
	require.ErrorIs(t, err, codec.ErrBadDeflate)
	empty, err := f.inflate(codec.OpText, nil)
	require.NoError(t, err)
	require.Empty(t, empty)
}

// Messages are counted as they were before they were compressed, and their bytes as
// they came.
func TestLoop_ReceivesCompressed(t *testing.T) {
	const size = 600
	stream, want := []byte(nil), tally{Delivered: 3, Compressed: 2}
	for seq, frame := range [][]byte{
		deflated(t, prose(0, size)),
		codec.AppendFrame(nil, codec.OpText, prose(1, size)),
		deflated(t, prose(2, size)),
	} {
		stream = append(stream, frame...)
		want.Bytes += uint64(len(frame))
		require.Less(t, len(frame), size+5, seq)
	}
	l := &loop{plan: &plan{Size: size, WarmUp: 3}, inflating: newInflating()}
	s := &socket{stage: ready}
	used, err := l.consume(s, stream)
	require.NoError(t, err)
	require.Equal(t, len(stream), used)
	require.Equal(t, want, l.tally)

	for what, frame := range map[string][]byte{
		"another bit":   {0x81 | 0x20, 1, 'x'},
		"bad data":      {0x81 | compressedBit, 3, 0xff, 0xff, 0xff},
		"several frags": {0x01 | compressedBit, 1, 0},
	} {
		_, err := l.consume(s, frame)
		assert.Error(t, err, what)
	}
	l.inflating = nil
	_, err = l.consume(s, deflated(t, prose(0, size)))
	require.ErrorContains(t, err, "reserved bits", "nobody has offered it")
}
