package codec

import (
	"encoding/binary"
	"math/bits"
)

// Mask applies the masking key to b in place, RFC 6455 section 5.3. It is its
// own inverse. key is the four bytes read little-endian; offset is the position
// in the payload of b[0], so a payload can be done in pieces.
func Mask(b []byte, key uint32, offset int) {
	key = bits.RotateLeft32(key, -8*(offset&3))
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 32 {
		w := b[:32:32]
		binary.LittleEndian.PutUint64(w[0:], binary.LittleEndian.Uint64(w[0:])^wide)
		binary.LittleEndian.PutUint64(w[8:], binary.LittleEndian.Uint64(w[8:])^wide)
		binary.LittleEndian.PutUint64(w[16:], binary.LittleEndian.Uint64(w[16:])^wide)
		binary.LittleEndian.PutUint64(w[24:], binary.LittleEndian.Uint64(w[24:])^wide)
		b = b[32:]
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key >> (8 * (i & 3)))
	}
}
