package condition

import (
	"unsafe"

	"github.com/gannet-ws/gannet/codec"
)

// source is where an operand comes from, as it is written.
type source string

const (
	fromUser     source = "user"
	fromClaims   source = "claim"
	fromMetadata source = "meta"
)

// operand is what a comparison asks of a client.
type operand struct {
	source source
	path   []string // empty for the user; the first name of metadata is its key
}

// value returns what the operand stands for, a view of what f returns.
func (o *operand) value(f Facts) value {
	switch o.source {
	case fromUser:
		return userValue(f.UserID())
	case fromClaims:
		return valueAt(view(f.Claims()), o.path)
	}
	return valueAt(view(f.Metadata(o.path[0])), o.path[1:])
}

// view returns b as a string that shares its bytes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (o *operand) append(dst []byte) []byte {
	dst = append(dst, o.source...)
	separator := byte(':')
	for _, name := range o.path {
		dst = append(dst, separator)
		dst = appendName(dst, name)
		separator = '.'
	}
	return dst
}

// appendName appends a name, in quotes where it needs them.
func appendName(dst []byte, name string) []byte {
	if name != "" && runSize(name, isNameByte) == len(name) {
		return append(dst, name...)
	}
	return codec.AppendString(dst, name)
}
