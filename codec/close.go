package codec

import (
	"encoding/binary"
	"unicode/utf8"
)

// StatusCode says why a connection closes, RFC 6455 section 7.4.
type StatusCode uint16

// The codes of RFC 6455 section 7.4.1, and 1012 to 1014 from the IANA
// registry. StatusNoStatus, StatusAbnormal and StatusTLSHandshake never appear
// on the wire.
const (
	StatusNormal             StatusCode = 1000
	StatusGoingAway          StatusCode = 1001
	StatusProtocolError      StatusCode = 1002
	StatusUnsupportedData    StatusCode = 1003
	StatusNoStatus           StatusCode = 1005
	StatusAbnormal           StatusCode = 1006
	StatusInvalidPayload     StatusCode = 1007
	StatusPolicyViolation    StatusCode = 1008
	StatusMessageTooBig      StatusCode = 1009
	StatusMandatoryExtension StatusCode = 1010
	StatusInternalError      StatusCode = 1011
	StatusServiceRestart     StatusCode = 1012
	StatusTryAgainLater      StatusCode = 1013
	StatusBadGateway         StatusCode = 1014
	StatusTLSHandshake       StatusCode = 1015
	statusFirstPrivate       StatusCode = 3000
	statusLastPrivate        StatusCode = 4999
	statusCodeSize                      = 2
	maxCloseReason                      = MaxControlPayload - statusCodeSize
)

// OnWire reports whether a close frame may carry the code: 1000 to 1003, 1007
// to 1014, and 3000 to 4999.
func (c StatusCode) OnWire() bool {
	switch {
	case c >= StatusNormal && c <= StatusUnsupportedData,
		c >= StatusInvalidPayload && c <= StatusBadGateway,
		c >= statusFirstPrivate && c <= statusLastPrivate:
		return true
	}
	return false
}

// AppendClosePayload appends the payload of a close frame. A code that may not
// stand on the wire appends nothing, which the peer reads as 1005. A reason
// longer than 123 bytes is cut between characters.
func AppendClosePayload(dst []byte, code StatusCode, reason string) []byte {
	if !code.OnWire() {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, cutReason(reason)...)
}

func cutReason(reason string) string {
	if len(reason) <= maxCloseReason {
		return reason
	}
	end := maxCloseReason
	for end > 0 && !utf8.RuneStart(reason[end]) {
		end--
	}
	return reason[:end]
}

// ParseClosePayload reads a close frame's payload; reason is a view into it. An
// empty payload is StatusNoStatus. The errors are ErrBadClosePayload for a
// single byte, ErrBadCloseCode for a code that may not be sent, and
// ErrInvalidUTF8.
func ParseClosePayload(p []byte) (code StatusCode, reason []byte, err error) {
	if len(p) == 0 {
		return StatusNoStatus, nil, nil
	}
	if len(p) < statusCodeSize {
		return 0, nil, ErrBadClosePayload
	}
	code = StatusCode(binary.BigEndian.Uint16(p))
	if !code.OnWire() {
		return 0, nil, ErrBadCloseCode
	}
	reason = p[statusCodeSize:]
	if !utf8.Valid(reason) {
		return 0, nil, ErrInvalidUTF8
	}
	return code, reason, nil
}
