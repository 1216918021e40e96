package codec

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReader_SplitAtEveryByte(t *testing.T) {
	for _, cfg := range []*ReaderConfig{serverSide, clientSide} {
		for _, s := range streams() {
			b := encode(cfg, s.frames...)
			for _, cut := range cuts(len(b)) {
				got, r, err := readAll(cfg, b[:cut], b[cut:])
				require.NoError(t, err, "%s cut at %d", s.name, cut)
				require.Equal(t, s.want, got, "%s cut at %d", s.name, cut)
				require.Nil(t, r.partial, "%s cut at %d", s.name, cut)
			}
		}
	}
}

func TestReader_ByteByByte(t *testing.T) {
	for _, cfg := range []*ReaderConfig{serverSide, clientSide} {
		for _, s := range streams() {
			got, r, err := readAll(cfg, bytewise(encode(cfg, s.frames...))...)
			require.NoError(t, err, s.name)
			require.Equal(t, s.want, got, s.name)
			require.False(t, r.Partial(), s.name)
		}
	}
}

func TestReader_Errors(t *testing.T) {
	masked := func(head ...byte) []byte { return append(head, 1, 2, 3, 4) }
	fragment := encode(serverSide, sent{OpText, false, "a"})
	small := &ReaderConfig{MaxMessage: 10}
	tests := []struct {
		name  string
		cfg   *ReaderConfig
		input []byte
		want  *Error
	}{
		{"rsv1", serverSide, masked(0xC1, 0x80), ErrReservedBits},
		{"rsv3", clientSide, []byte{0x91, 0x00}, ErrReservedBits},
		{"opcode 3", serverSide, masked(0x83, 0x80), ErrBadOpcode},
		{"opcode 11", serverSide, masked(0x8B, 0x80), ErrBadOpcode},
		{"unmasked to server", serverSide, []byte{0x81, 0x00}, ErrNotMasked},
		{"masked to client", clientSide, masked(0x81, 0x80), ErrMasked},
		{"fragmented ping", serverSide, masked(0x09, 0x80), ErrControlFragmented},
		{"long ping", serverSide, masked(0x89, 0xFE, 0, 126), ErrControlTooLong},
		{"lone continuation", serverSide, masked(0x80, 0x80), ErrUnexpectedContinuation},
		{"lone first continuation", serverSide, masked(0x00, 0x80), ErrUnexpectedContinuation},
		{"text in fragments", serverSide, append(bytes.Clone(fragment), masked(0x81, 0x80)...), ErrExpectedContinuation},
		{"two byte 125", serverSide, masked(0x81, 0xFE, 0, 125), ErrLengthNotMinimal},
		{"two byte ping", serverSide, masked(0x89, 0xFE, 0, 5), ErrLengthNotMinimal},
		{"eight byte 65535", clientSide, []byte{0x81, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, ErrLengthNotMinimal},
		{"top bit", serverSide, masked(0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1), ErrLengthOverflow},
		{"2^63-1", serverSide, masked(0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), ErrMessageTooBig},
		{"over the limit", small, masked(0x82, 0x8B), ErrMessageTooBig},
		{"sum over the limit", small, append(encode(small, sent{OpBinary, false, "123456"}), masked(0x80, 0x85)...), ErrMessageTooBig},
		{"sum overflow", serverSide, append(bytes.Clone(fragment), masked(0x80, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)...), ErrMessageTooBig},
		{"bad text", serverSide, encode(serverSide, sent{OpText, true, "a\xff"}), ErrInvalidUTF8},
		{"text cut short", serverSide, encode(serverSide, sent{OpText, true, "a\xc3"}), ErrInvalidUTF8},
		{"fragments cut short", serverSide, encode(serverSide, sent{OpText, false, "a"}, sent{OpContinuation, true, "\xc3"}), ErrInvalidUTF8},
		{"empty end cut short", serverSide, encode(serverSide, sent{OpText, false, "\xc3"}, sent{OpContinuation, true, ""}), ErrInvalidUTF8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(tt.input) + 1 {
				_, r, err := readAll(tt.cfg, tt.input[:cut], tt.input[cut:])
				require.Equal(t, tt.want, err, "cut at %d", cut)
				require.Nil(t, r.partial)
				_, ok, n, again := r.Next(tt.cfg, []byte{0x81})
				require.Equal(t, tt.want, again)
				require.False(t, ok)
				require.Zero(t, n)
			}
			_, _, err := readAll(tt.cfg, bytewise(tt.input)...)
			require.Equal(t, tt.want, err)
		})
	}
}

func TestReader_TextFailsFast(t *testing.T) {
	b := encode(serverSide, sent{OpText, false, "abc\xf4\x90"})
	for _, whole := range []bool{true, false} {
		chunks := [][]byte{b}
		if !whole {
			chunks = bytewise(b)
		}
		_, _, err := readAll(serverSide, chunks...)
		assert.Equal(t, ErrInvalidUTF8, err)
	}
}

func TestReader_LimitIsExact(t *testing.T) {
	cfg := &ReaderConfig{MaxMessage: 10}
	got, _, err := readAll(cfg, encode(cfg, sent{OpBinary, true, "0123456789"}, sent{OpBinary, false, "01234"}, sent{OpContinuation, true, "56789"}))
	assert.NoError(t, err)
	assert.Len(t, got, 2)
}

func TestReader_WholeFrameIsAView(t *testing.T) {
	in := encode(serverSide, sent{OpText, true, "hello"})
	var r Reader
	f, ok, n, err := r.Next(serverSide, in)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, len(in), n)
	assert.Same(t, &in[6], &f.Payload[0])
	assert.Equal(t, len(f.Payload), cap(f.Payload))
	assert.Nil(t, r.partial)
}

func TestReader_PartialAndRelease(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(Reader{}), uintptr(16))
	b := encode(serverSide, sent{OpText, false, "hello"}, sent{OpPing, true, "p"}, sent{OpContinuation, true, "!"})
	var r Reader
	assert.False(t, r.Partial())
	for i := range b {
		_, ok, _, err := r.Next(serverSide, b[i:i+1])
		require.NoError(t, err)
		require.Equal(t, i < len(b)-1, r.Partial(), "after byte %d", i)
		require.Equal(t, i == len(b)-1 || i == 17, ok, "after byte %d", i)
	}
	assert.NotNil(t, r.partial, "the payload is still alive")
	_, _, _, _ = r.Next(serverSide, nil)
	assert.Nil(t, r.partial)

	_, _, _, err := r.Next(serverSide, []byte{0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	require.Error(t, err)
	r.Release()
	f, ok, _, err := r.Next(serverSide, encode(serverSide, sent{OpText, true, "again"}))
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "again", string(f.Payload))
}

func TestReader_MemoryFollowsArrival(t *testing.T) {
	cfg := &ReaderConfig{MaxMessage: 1 << 30}
	var r Reader
	in := AppendHeader(nil, OpBinary, true, 1<<29)
	in[1] |= maskBit
	in = append(in, 0, 0, 0, 0)
	_, _, _, err := r.Next(cfg, in)
	require.NoError(t, err)
	assert.LessOrEqual(t, cap(r.partial.message), maxPooledMessage)
	piece := make([]byte, 64<<10)
	for arrived := len(piece); arrived <= 16*len(piece); arrived += len(piece) {
		_, _, _, err := r.Next(cfg, piece)
		require.NoError(t, err)
		require.LessOrEqual(t, cap(r.partial.message), 2*arrived)
	}
	r.Release()
	assert.False(t, r.Partial())
}

func TestReader_BufferNeverExceedsAnnounced(t *testing.T) {
	const size = 200_000
	b := encode(serverSide, sent{OpBinary, true, strings.Repeat("b", size)})
	var r Reader
	for i := 0; i < len(b); i += 4096 {
		f, ok, _, err := r.Next(serverSide, b[i:min(i+4096, len(b))])
		require.NoError(t, err)
		require.LessOrEqual(t, cap(r.partial.message), size)
		require.Equal(t, ok, len(f.Payload) == size)
	}
	r.Release()
}

func TestReader_TinyFragmentsCopyLittle(t *testing.T) {
	var r Reader
	_, _, _, err := r.Next(serverSide, encode(serverSide, sent{OpBinary, false, "x"}))
	require.NoError(t, err)
	grown, last := 0, cap(r.partial.message)
	for range 20_000 {
		_, _, _, err := r.Next(serverSide, encode(serverSide, sent{OpContinuation, false, "x"}))
		require.NoError(t, err)
		if size := cap(r.partial.message); size != last {
			grown, last = grown+1, size
		}
	}
	assert.LessOrEqual(t, grown, 7)
	r.Release()
}

func TestReader_LargeBuffersAreNotPooled(t *testing.T) {
	for _, size := range []int{maxPooledMessage, maxPooledMessage + 1} {
		p := &partial{message: make([]byte, 0, size)}
		p.release()
		assert.Equal(t, size <= maxPooledMessage, cap(p.message) > 0)
	}
}

func TestReader_NoAllocs(t *testing.T) {
	frames := encode(serverSide, sent{OpText, true, strings.Repeat("é", 64)}, sent{OpPing, true, "p"})
	in := make([]byte, len(frames))
	var r Reader
	t.Run("whole", func(t *testing.T) {
		noAllocs(t, func() {
			copy(in, frames)
			_, _, n, _ := r.Next(serverSide, in)
			_, _, _, _ = r.Next(serverSide, in[n:])
		})
	})
	t.Run("split", func(t *testing.T) {
		noAllocs(t, func() {
			copy(in, frames)
			_, _, _, _ = r.Next(serverSide, in[:50])
			_, _, n, _ := r.Next(serverSide, in[50:])
			_, _, _, _ = r.Next(serverSide, in[50+n:])
		})
	})
}
