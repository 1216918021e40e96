package codec

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
)

// BenchmarkInflater decompresses messages, here and with klauspost/compress, whose
// reader is used again for each.
func BenchmarkInflater(b *testing.B) {
	words := compressible()["words"]
	noise := make([]byte, 64<<10)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(noise)
	for _, one := range []struct{ name, text string }{
		{"json/60", `{"type":"chat","action":"send","data":{"text":"hello"}}`},
		{"words/500", string(words[:500])},
		{"words/5000", string(words[:5000])},
		{"words/64K", strings.Repeat(string(words), 64<<10/len(words)+1)[:64<<10]},
		{"hex/64K", hexes(noise[:32<<10])},
		{"noise/64K", string(noise)},
		{"spaces/64K", strings.Repeat(" ", 64<<10)},
	} {
		frame := compressedText(pressed(one.text))
		frame.Opcode = OpBinary
		b.Run(one.name+"/gannet", func(b *testing.B) {
			f := NewInflater(1 << 20)
			b.SetBytes(int64(len(one.text)))
			for b.Loop() {
				if m, err := f.Inflate(frame); err != nil || len(m.Payload) != len(one.text) {
					b.Fatal(err)
				}
			}
		})
		b.Run(one.name+"/klauspost", func(b *testing.B) {
			var in []byte
			var source bytes.Reader
			stream := flate.NewReader(&source)
			out := make([]byte, len(one.text)+1)
			b.SetBytes(int64(len(one.text)))
			for b.Loop() {
				in = append(append(in[:0], frame.Payload...), inflateTail...)
				source.Reset(in)
				_ = stream.(flate.Resetter).Reset(&source, nil)
				if n, err := io.ReadFull(stream, out); err != io.ErrUnexpectedEOF || n != len(one.text) {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func hexes(noise []byte) string {
	var b strings.Builder
	for _, c := range noise {
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}
