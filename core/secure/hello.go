package secure

import (
	"encoding/binary"
	"errors"
)

// ErrNoHello says that what a peer has sent first is not the beginning of TLS: plain
// HTTP, for one.
var ErrNoHello = errors.New("the connection does not begin with a TLS ClientHello")

const (
	recordHead      = 5       // bytes: type, version, length
	maxRecord       = 1 << 14 // of a plain record's content, in bytes
	typeHandshake   = 22      // of a record
	typeClientHello = 1       // of a handshake message
	versionMajor    = 3       // of SSL 3 and all of TLS
)

// HasHello reports whether the first record that a peer has sent is whole, and looks
// like a ClientHello, or its beginning: that may come in any number of records (RFC 8446
// section 5.1). The error is ErrNoHello, as soon as it cannot be one. Before a whole
// record is there nothing need be spent on a connection but these bytes, of which there
// are at most 16 KiB.
func HasHello(sent []byte) (whole bool, err error) {
	for i, want := range []byte{typeHandshake, versionMajor} {
		if len(sent) > i && sent[i] != want {
			return false, ErrNoHello
		}
	}
	if len(sent) < recordHead {
		return false, nil
	}
	length := int(binary.BigEndian.Uint16(sent[recordHead-2:]))
	switch {
	case length == 0 || length > maxRecord:
		return false, ErrNoHello
	case len(sent) > recordHead && sent[recordHead] != typeClientHello:
		return false, ErrNoHello
	}
	return len(sent) >= recordHead+length, nil
}
