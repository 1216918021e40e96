package codec

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// payloadLengths has every form of the length and its edges.
var payloadLengths = []int{0, 1, 125, 126, 127, 65535, 65536, 70000}

var allOpcodes = []Opcode{OpContinuation, OpText, OpBinary, OpClose, OpPing, OpPong}

// noAllocs asserts that f does not allocate once it is warm.
func noAllocs(t *testing.T, f func()) {
	t.Helper()
	allocs(t, 0, f)
}

// allocs asserts the allocations of f once it is warm. The race detector has
// its own: with it f only runs.
func allocs(t *testing.T, want float64, f func()) {
	t.Helper()
	got := testing.AllocsPerRun(200, f)
	if !raceEnabled {
		assert.Equal(t, want, got)
	}
}

func TestHeader_RoundTrip(t *testing.T) {
	for _, op := range allOpcodes {
		for _, length := range payloadLengths {
			for _, fin := range []bool{true, false} {
				b := AppendHeader(nil, op, fin, length)
				assert.Equal(t, FrameSize(length), len(b)+length)
				for cut := range b {
					_, n := ParseHeader(b[:cut])
					assert.Zero(t, n)
				}
				h, n := ParseHeader(append(b, 0xFF))
				assert.Equal(t, len(b), n)
				assert.Equal(t, Header{Fin: fin, Opcode: op, Length: uint64(length)}, h)
			}
		}
	}
}

func TestMaskedFrame_RoundTrip(t *testing.T) {
	key := [4]byte{0xDE, 0xAD, 0xBE, 0xEF}
	for _, length := range payloadLengths {
		payload := bytes.Repeat([]byte("x"), length)
		b := AppendMaskedFrame([]byte("before"), OpBinary, true, key, payload)[len("before"):]
		h, n := ParseHeader(b)
		require.NotZero(t, n)
		assert.Equal(t, Header{true, 0, OpBinary, true, binary.LittleEndian.Uint32(key[:]), uint64(length)}, h)
		Mask(b[n:], h.Key, 0)
		assert.True(t, bytes.Equal(payload, b[n:]))
	}
}

func TestAppendFrame_RFCSamples(t *testing.T) {
	// RFC 6455 section 5.7.
	assert.Equal(t, []byte{0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}, AppendFrame(nil, OpText, []byte("Hello")))
	assert.Equal(t, []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58},
		AppendMaskedFrame(nil, OpText, true, [4]byte{0x37, 0xfa, 0x21, 0x3d}, []byte("Hello")))
}

func TestOpcode(t *testing.T) {
	names := map[Opcode]string{
		OpContinuation: "continuation", OpText: "text", OpBinary: "binary",
		OpClose: "close", OpPing: "ping", OpPong: "pong", 3: "opcode 3",
	}
	for op, name := range names {
		assert.Equal(t, name, op.String())
		assert.Equal(t, op >= 8, op.IsControl())
	}
}

func TestFrame_NoAllocs(t *testing.T) {
	dst := make([]byte, 0, 1024)
	payload := make([]byte, 128)
	noAllocs(t, func() {
		dst = AppendFrame(dst[:0], OpText, payload)
		dst = AppendMaskedFrame(dst[:0], OpText, true, [4]byte{1, 2, 3, 4}, payload)
		ParseHeader(dst)
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte{0x81, 0x05})
	f.Add([]byte{0x81, 0xFE, 0, 126, 1, 2, 3, 4})
	f.Add([]byte{0xF2, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n := ParseHeader(b)
		require.LessOrEqual(t, n, min(len(b), MaxHeaderSize))
		for cut := range n {
			_, short := ParseHeader(b[:cut])
			require.Zero(t, short)
		}
		if n == 0 || h.Masked || h.Reserved != 0 || h.Length > 1<<62 || !isMinimal(h, n) {
			return
		}
		require.Equal(t, b[:n], AppendHeader(nil, h.Opcode, h.Fin, int(h.Length)))
	})
}

func BenchmarkAppendFrame_128(b *testing.B) {
	dst := make([]byte, 0, 256)
	payload := make([]byte, 128)
	for b.Loop() {
		dst = AppendFrame(dst[:0], OpText, payload)
	}
}
