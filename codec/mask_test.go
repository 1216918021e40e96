package codec

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMask_EveryLengthOffsetAndAlignment(t *testing.T) {
	key := [4]byte{0x11, 0x22, 0x44, 0x88}
	k := binary.LittleEndian.Uint32(key[:])
	for length := range 80 {
		for offset := range 9 {
			for align := range 8 {
				b := make([]byte, align+length+8)
				want := make([]byte, len(b))
				for i := range b {
					b[i] = byte(i * 7)
					want[i] = b[i]
				}
				for i := range length {
					want[align+i] ^= key[(i+offset)%4]
				}
				Mask(b[align:align+length], k, offset)
				require.Equal(t, want, b, "length %d offset %d", length, offset)
			}
		}
	}
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{16, 128, 4096, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			payload := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				Mask(payload, 0xDEADBEEF, 1)
			}
		})
	}
}
