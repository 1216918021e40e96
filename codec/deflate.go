package codec

// The negotiation of permessage-deflate, RFC 7692 sections 5 and 7.1. No context
// outlives a message on either side, so a connection holds no window, and a
// message is compressed for many clients at once.

// Deflate is what the server and a client agree on. The zero value is no
// compression.
type Deflate struct {
	// Window is that of the messages to the client. Its own messages may have
	// the largest.
	Window Window
	// bounded says that the client has named a largest window, so that the
	// answer has to name one, too.
	bounded bool
}

const deflateName = "permessage-deflate"

// ErrBadExtensions says that a Sec-WebSocket-Extensions breaks the grammar, with which
// the connection has to fail, RFC 6455 section 9.1.
var ErrBadExtensions = &HandshakeError{400, "BAD_EXTENSIONS", "Sec-WebSocket-Extensions is malformed", ""}

// AcceptDeflate returns the first acceptable offer of a client, or the zero Deflate.
// offered is the value of Sec-WebSocket-Extensions, nil without one. An offer with a
// parameter that is unknown, comes twice, or has a wrong value is declined, as is one
// whose window is too small for any Window. The error is nil or ErrBadExtensions.
func AcceptDeflate(offered []byte) (accepted Deflate, err error) {
	if offered == nil {
		return Deflate{}, nil
	}
	s := extensionScanner{offered}
	offers := 0
	for !s.atEnd() {
		if s.take(',') {
			continue // RFC 9110 section 5.6.1.2
		}
		offer, ok := s.offer()
		if !ok || !s.atEnd() && !s.take(',') {
			return Deflate{}, ErrBadExtensions
		}
		offers++
		if accepted.Window == NoWindow {
			accepted = offer
		}
	}
	if offers == 0 {
		return Deflate{}, ErrBadExtensions
	}
	return accepted, nil
}

// offer reads one extension and returns the answer to it, the zero
// Deflate for one that is declined. ok is false where the grammar is broken.
func (s *extensionScanner) offer() (answer Deflate, ok bool) {
	name := s.token()
	offer := deflateOffer{bits: 15, declined: string(name) != deflateName}
	ok = len(name) > 0
	for ok && s.take(';') {
		var parameter, value []byte
		parameter, value, ok = s.parameter()
		offer.read(parameter, value)
	}
	if !ok || offer.declined {
		return Deflate{}, ok
	}
	window := windowWithin(offer.bits)
	return Deflate{Window: window, bounded: window != NoWindow && offer.seen&serverWindow != 0}, true
}

// deflateOffer is an offer of which some parameters have been read.
type deflateOffer struct {
	bits     int // of server_max_window_bits
	seen     uint8
	declined bool
}

// The parameters, as bits of deflateOffer.seen.
const (
	serverNoTakeover = 1 << iota
	clientNoTakeover
	serverWindow
	clientWindow
)

// read takes one parameter, RFC 7692 section 7.1. value is nil without one.
func (o *deflateOffer) read(name, value []byte) {
	var parameter uint8
	good := false
	switch string(name) {
	case "server_no_context_takeover":
		parameter, good = serverNoTakeover, value == nil
	case "client_no_context_takeover":
		parameter, good = clientNoTakeover, value == nil
	case "server_max_window_bits":
		parameter = serverWindow
		o.bits, good = windowBits(value)
	case "client_max_window_bits": // a hint, which need not be heeded
		parameter = clientWindow
		_, good = windowBits(value)
		good = good || value == nil
	}
	if !good || o.seen&parameter != 0 {
		o.declined = true
	}
	o.seen |= parameter
}

// windowBits reads 8 to 15, without a leading zero.
func windowBits(value []byte) (bits int, ok bool) {
	switch {
	case len(value) == 1 && value[0] >= '8' && value[0] <= '9':
		return int(value[0] - '0'), true
	case len(value) == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5':
		return 10 + int(value[1]-'0'), true
	}
	return 0, false
}

// Answer returns the Sec-WebSocket-Extensions of the upgrade's answer, empty for
// no compression.
func (d Deflate) Answer() string {
	const answer = deflateName + "; server_no_context_takeover; client_no_context_takeover"
	switch {
	case d.Window == NoWindow:
		return ""
	case !d.bounded:
		return answer
	case d.Window == Window15:
		return answer + "; server_max_window_bits=15"
	case d.Window == Window12:
		return answer + "; server_max_window_bits=12"
	}
	return answer + "; server_max_window_bits=9"
}
