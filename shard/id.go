package shard

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// ID is a client's id and its address: 48 bits of node, 8 of shard, 24 of
// slot, 16 of generation and 32 random bits. It is comparable, and the zero ID
// names nobody. An id is an address, never a credential.
type ID struct {
	high uint64 // node (48), shard (8), slot's upper 8
	low  uint64 // slot's lower 16, generation (16), random (32)
}

// IDSize is the size of an ID in bytes; its text form has twice as many digits.
const IDSize = 16

const (
	maxShards = 1 << 8
	maxSlots  = 1 << 24
)

func newID(node uint64, shard uint8, slot uint32, generation uint16, random uint32) ID {
	return ID{
		high: node<<16 | uint64(shard)<<8 | uint64(slot>>16),
		low:  uint64(slot&0xffff)<<48 | uint64(generation)<<32 | uint64(random),
	}
}

// ParseID reads the 32 lower-case hex digits of an id.
func ParseID(text string) (id ID, ok bool) {
	if len(text) != 2*IDSize {
		return ID{}, false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ID{}, false
		}
	}
	var raw [IDSize]byte
	_, _ = hex.Decode(raw[:], []byte(text))
	return IDFromBytes(raw), true
}

// IDFromBytes is the reverse of Bytes.
func IDFromBytes(raw [IDSize]byte) ID {
	return ID{high: binary.BigEndian.Uint64(raw[:8]), low: binary.BigEndian.Uint64(raw[8:])}
}

// AppendHex appends the id's 32 lower-case hex digits to dst.
func (id ID) AppendHex(dst []byte) []byte {
	raw := id.Bytes()
	return hex.AppendEncode(dst, raw[:])
}

// String returns the id's 32 lower-case hex digits.
func (id ID) String() string {
	return string(id.AppendHex(make([]byte, 0, 2*IDSize)))
}

// MarshalText returns the id's digits: it is a string in JSON and in logs.
func (id ID) MarshalText() ([]byte, error) { return id.AppendHex(nil), nil }

// UnmarshalText reads the id's digits.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, ok := ParseID(string(text))
	if !ok {
		return errBadID
	}
	*id = parsed
	return nil
}

var errBadID = errors.New("a client id is 32 hex digits, in lower case")

// IsZero reports whether the id names nobody.
func (id ID) IsZero() bool { return id == ID{} }

// Node returns the 48 bits that name the node which holds the client.
func (id ID) Node() uint64 { return id.high >> 16 }

// Shard returns the number of the shard that holds the client.
func (id ID) Shard() uint8 { return uint8(id.high >> 8) }

// Slot returns the client's place in its shard.
func (id ID) Slot() uint32 { return uint32(id.high&0xff)<<16 | uint32(id.low>>48) }

// Bytes returns the id's 16 bytes, most significant first.
func (id ID) Bytes() (raw [IDSize]byte) {
	binary.BigEndian.PutUint64(raw[:8], id.high)
	binary.BigEndian.PutUint64(raw[8:], id.low)
	return raw
}

// Compare orders ids by their bytes.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.high, other.high), cmp.Compare(id.low, other.low))
}
