package codec

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkReader(b *testing.B) {
	for _, size := range []int{16, 128, 4096} {
		b.Run(fmt.Sprintf("whole_%d", size), func(b *testing.B) {
			frame := encode(serverSide, sent{OpText, true, strings.Repeat("a", size)})
			in := make([]byte, len(frame))
			var r Reader
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				copy(in, frame)
				if _, ok, _, _ := r.Next(serverSide, in); !ok {
					b.Fatal("no frame")
				}
			}
		})
	}
	b.Run("split_128", func(b *testing.B) {
		frame := encode(serverSide, sent{OpText, true, strings.Repeat("a", 128)})
		in := make([]byte, len(frame))
		var r Reader
		b.ReportAllocs()
		for b.Loop() {
			copy(in, frame)
			_, _, _, _ = r.Next(serverSide, in[:70])
			if _, ok, _, _ := r.Next(serverSide, in[70:]); !ok {
				b.Fatal("no frame")
			}
		}
	})
	for _, fragment := range []int{1, 64} {
		b.Run(fmt.Sprintf("fragments_%dx%d", 1<<20/fragment, fragment), func(b *testing.B) {
			frames := []sent{{OpText, false, strings.Repeat("a", fragment)}}
			for range 1<<20/fragment - 2 {
				frames = append(frames, sent{OpContinuation, false, frames[0].payload})
			}
			stream := encode(serverSide, append(frames, sent{OpContinuation, true, frames[0].payload})...)
			in := make([]byte, 65536)
			b.SetBytes(1 << 20)
			for b.Loop() {
				var r Reader
				for rest := stream; len(rest) > 0; {
					n := copy(in, rest)
					rest = rest[n:]
					if _, ok, _, _ := r.Next(serverSide, in[:n]); ok != (len(rest) == 0) {
						b.Fatal("no message")
					}
				}
				r.Release()
			}
		})
	}
	b.Run("pieces_16x65536", func(b *testing.B) {
		frame := encode(serverSide, sent{OpBinary, true, strings.Repeat("a", 1<<20)})
		in := make([]byte, len(frame))
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			var r Reader
			copy(in, frame)
			for i := 0; i < len(in); i += 65536 {
				_, _, _, _ = r.Next(serverSide, in[i:min(i+65536, len(in))])
			}
			r.Release()
		}
	})
}
