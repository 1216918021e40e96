package codec

import "bytes"

// ErrBadSubprotocol says that a Sec-WebSocket-Protocol is no list of tokens.
var ErrBadSubprotocol = &HandshakeError{400, "BAD_SUBPROTOCOL", "Sec-WebSocket-Protocol is malformed", ""}

// ChooseSubprotocol returns the place in ours of the first subprotocol of a client's
// list that is there, or -1 if none is, RFC 6455 section 4.2.2. offered is the value
// of Sec-WebSocket-Protocol, nil without one. Names are the same if all their bytes
// are. The error is nil or ErrBadSubprotocol.
func ChooseSubprotocol(offered []byte, ours []string) (choice int, err error) {
	if offered == nil {
		return -1, nil
	}
	choice = -1
	names := 0
	for more := true; more; {
		var name []byte
		name, offered, more = bytes.Cut(offered, []byte(","))
		if name = trimSpace(name); len(name) == 0 {
			continue // RFC 9110 section 5.6.1.2
		}
		if !isToken(name) {
			return -1, ErrBadSubprotocol
		}
		names++
		if choice < 0 {
			choice = indexOf(ours, name)
		}
	}
	if names == 0 {
		return -1, ErrBadSubprotocol
	}
	return choice, nil
}

func indexOf(names []string, name []byte) int {
	for i, n := range names {
		if n == string(name) {
			return i
		}
	}
	return -1
}
