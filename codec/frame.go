package codec

import (
	"encoding/binary"
	"strconv"
)

// Frame headers, RFC 6455 section 5.2. ParseHeader is syntactic: what a header
// may say in a given place is the Reader's business.

// Opcode says what a frame is.
type Opcode byte

// The opcodes of RFC 6455 section 11.8. All others are reserved.
const (
	OpContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

// IsControl reports whether frames with this opcode are control frames: never
// fragmented, at most MaxControlPayload bytes, allowed between fragments.
func (o Opcode) IsControl() bool { return o&8 != 0 }

// String returns the opcode's name, for logs and tests.
func (o Opcode) String() string {
	switch o {
	case OpContinuation:
		return "continuation"
	case OpText:
		return "text"
	case OpBinary:
		return "binary"
	case OpClose:
		return "close"
	case OpPing:
		return "ping"
	case OpPong:
		return "pong"
	}
	return "opcode " + strconv.Itoa(int(o))
}

func (o Opcode) isKnown() bool { return o <= OpBinary || o >= OpClose && o <= OpPong }

const (
	// MaxHeaderSize is the longest frame header in bytes: two, an eight byte
	// length, a four byte masking key.
	MaxHeaderSize = 14
	// MaxControlPayload is the longest payload of a control frame in bytes.
	MaxControlPayload = 125
)

const (
	finBit       = 0x80
	reservedBits = 0x70
	rsv1         = 0x40 // the message is compressed, RFC 7692 section 6
	opcodeBits   = 0x0F
	maskBit      = 0x80
	lengthBits   = 0x7F

	length16 = 126 // a two byte length follows
	length64 = 127 // an eight byte length follows
)

// Header is a parsed frame header.
type Header struct {
	Fin      bool
	Reserved byte // RSV1 to RSV3, as they stand in the first byte (0x70)
	Opcode   Opcode
	Masked   bool
	Key      uint32 // masking key, read little-endian, as Mask takes it
	Length   uint64 // payload length in bytes, unchecked
}

// isCompressed reports whether the frame begins a compressed message, in a header
// that has been checked.
func (h *Header) isCompressed() bool { return h.Reserved&rsv1 != 0 }

// ParseHeader reads the frame header at the start of b and returns its size in
// bytes, or 0 when b does not hold all of it yet.
func ParseHeader(b []byte) (h Header, n int) {
	if len(b) < 2 {
		return Header{}, 0
	}
	n = headerSize(b[1])
	if len(b) < n {
		return Header{}, 0
	}
	h = Header{
		Fin:      b[0]&finBit != 0,
		Reserved: b[0] & reservedBits,
		Opcode:   Opcode(b[0] & opcodeBits),
		Masked:   b[1]&maskBit != 0,
	}
	switch l := b[1] & lengthBits; l {
	case length16:
		h.Length = uint64(binary.BigEndian.Uint16(b[2:]))
	case length64:
		h.Length = binary.BigEndian.Uint64(b[2:])
	default:
		h.Length = uint64(l)
	}
	if h.Masked {
		h.Key = binary.LittleEndian.Uint32(b[n-4:])
	}
	return h, n
}

// headerSize gives the size of a whole header from its second byte.
func headerSize(second byte) int {
	n := 2
	switch second & lengthBits {
	case length16:
		n += 2
	case length64:
		n += 8
	}
	if second&maskBit != 0 {
		n += 4
	}
	return n
}

// AppendHeader appends the header of an unmasked frame, as a server sends it.
// length is the payload's, in bytes.
func AppendHeader(dst []byte, op Opcode, fin bool, length int) []byte {
	return appendHeader(dst, op, fin, 0, length)
}

func appendHeader(dst []byte, op Opcode, fin bool, mask byte, length int) []byte {
	first := byte(op)
	if fin {
		first |= finBit
	}
	switch {
	case length < length16:
		return append(dst, first, mask|byte(length))
	case length <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, first, mask|length16), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, mask|length64), uint64(length))
}

// AppendFrame appends one whole unmasked frame, as a server sends it.
func AppendFrame(dst []byte, op Opcode, payload []byte) []byte {
	return append(AppendHeader(dst, op, true, len(payload)), payload...)
}

// AppendMaskedFrame appends one whole masked frame, as a client sends it.
// payload is left as it is.
func AppendMaskedFrame(dst []byte, op Opcode, fin bool, key [4]byte, payload []byte) []byte {
	dst = appendHeader(dst, op, fin, maskBit, len(payload))
	dst = append(dst, key[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	Mask(dst[start:], binary.LittleEndian.Uint32(key[:]), 0)
	return dst
}

// FrameSize returns the size in bytes of an unmasked frame with such a payload.
func FrameSize(payloadLen int) int {
	switch {
	case payloadLen < length16:
		return 2 + payloadLen
	case payloadLen <= 0xFFFF:
		return 4 + payloadLen
	}
	return 10 + payloadLen
}
