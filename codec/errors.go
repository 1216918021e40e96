package codec

// Error is a violation of the protocol by the peer. It carries the close code
// that answers it. The sentinel values below are the only instances, so they
// can be compared with == or errors.Is.
type Error struct {
	// Code is the status for the close frame, RFC 6455 section 7.4.1.
	Code StatusCode
	// Reason is a short fixed text, fit for a close frame and a metric label.
	Reason string
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

// Framing errors, RFC 6455 sections 5.1 to 5.5.
var (
	ErrReservedBits           = &Error{StatusProtocolError, "reserved bits set"}
	ErrBadOpcode              = &Error{StatusProtocolError, "unknown opcode"}
	ErrNotMasked              = &Error{StatusProtocolError, "frame not masked"}
	ErrMasked                 = &Error{StatusProtocolError, "frame masked"}
	ErrControlFragmented      = &Error{StatusProtocolError, "control frame fragmented"}
	ErrControlTooLong         = &Error{StatusProtocolError, "control frame too long"}
	ErrUnexpectedContinuation = &Error{StatusProtocolError, "unexpected continuation"}
	ErrExpectedContinuation   = &Error{StatusProtocolError, "continuation expected"}
	ErrLengthNotMinimal       = &Error{StatusProtocolError, "length not minimal"}
	ErrLengthOverflow         = &Error{StatusProtocolError, "length overflow"}
)

// Message errors, RFC 6455 section 8.1, RFC 7692 section 7.2.2 and the configured
// limit. ErrInflateWork is for a message that is well compressed as far as the RFC
// goes, and too big to process all the same.
var (
	ErrInvalidUTF8   = &Error{StatusInvalidPayload, "invalid utf-8"}
	ErrBadDeflate    = &Error{StatusInvalidPayload, "bad compressed data"}
	ErrMessageTooBig = &Error{StatusMessageTooBig, "message too big"}
	ErrInflateWork   = &Error{StatusMessageTooBig, "too much work to decompress"}
)

// Close frame errors, RFC 6455 sections 5.5.1 and 7.4.
var (
	ErrBadCloseCode    = &Error{StatusProtocolError, "bad close code"}
	ErrBadClosePayload = &Error{StatusProtocolError, "bad close payload"}
)
