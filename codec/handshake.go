package codec

import (
	"crypto/sha1"
	"encoding/base64"
)

// HandshakeError refuses an upgrade. The ones of this package are sentinel
// values, to be compared with == or errors.Is; callers make their own.
type HandshakeError struct {
	Status int    // HTTP status of the answer
	Code   string // UPPER_SNAKE, for programs
	Text   string // a sentence, for people
	Header string // header lines of the answer, each with its CRLF, or empty
}

// Error returns the text.
func (e *HandshakeError) Error() string { return e.Text }

// AppendResponse appends the whole answer that tells the peer.
func (e *HandshakeError) AppendResponse(dst []byte) []byte {
	return AppendErrorResponse(dst, e.Status, e.Code, e.Text, e.Header)
}

const (
	offerUpgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	offerVersion = "Sec-WebSocket-Version: 13\r\n"
)

// Why a request is refused. The first two come from Parse, the others from
// Check. RFC 6455 section 4.2.1, RFC 9110 section 15.5.
var (
	ErrMalformedRequest = &HandshakeError{400, "BAD_REQUEST", "Malformed request", ""}
	ErrHeadTooLarge     = &HandshakeError{431, "HEADERS_TOO_LARGE", "Request headers are too large", ""}
	ErrMethodNotAllowed = &HandshakeError{405, "METHOD_NOT_ALLOWED", "Method must be GET", "Allow: GET\r\n"}
	ErrUpgradeRequired  = &HandshakeError{426, "UPGRADE_REQUIRED", "WebSocket upgrade required", offerUpgrade}
	ErrBadVersion       = &HandshakeError{426, "UNSUPPORTED_VERSION", "WebSocket version must be 13", offerUpgrade + offerVersion}
	ErrBadKey           = &HandshakeError{400, "BAD_KEY", "Sec-WebSocket-Key is missing or invalid", ""}
	ErrBadHost          = &HandshakeError{400, "BAD_HOST", "Host is missing or invalid", ""}
)

const (
	keySize    = 24 // Sec-WebSocket-Key: base64 of 16 bytes
	acceptSize = 28 // Sec-WebSocket-Accept: base64 of a SHA-1
	acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// appendAccept appends the answer to a client's key, RFC 6455 section 4.2.2.
func appendAccept(dst, key []byte) []byte {
	var joined [keySize + len(acceptGUID)]byte
	sum := sha1.Sum(append(append(joined[:0], key...), acceptGUID...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// isKey reports whether b is the base64 of 16 bytes.
func isKey(b []byte) bool {
	if len(b) != keySize {
		return false
	}
	var raw [18]byte
	n, err := base64.StdEncoding.Decode(raw[:], b)
	return err == nil && n == 16
}
