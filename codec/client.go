package codec

import (
	"bytes"
	"errors"
)

// The client's side of the upgrade, RFC 6455 section 4.1.

// MaxResponseHead is the longest response head in bytes that a client accepts.
const MaxResponseHead = 16 << 10

// Why a client gives up on a response.
var (
	ErrMalformedResponse = errors.New("malformed HTTP response")
	ErrBadAccept         = errors.New("upgrade response does not answer the request")
)

// AppendUpgradeRequest appends a whole upgrade request. target is path and
// query; key is 24 base64 characters; extraHeaders holds header lines, each
// with its CRLF, or nothing. None of them is checked.
func AppendUpgradeRequest(dst []byte, host, target string, key []byte, extraHeaders string) []byte {
	dst = append(dst, "GET "...)
	dst = append(dst, target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, host...)
	dst = append(dst, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "...)
	dst = append(dst, key...)
	dst = append(dst, "\r\n"...)
	dst = append(dst, extraHeaders...)
	return append(dst, "\r\n"...)
}

// ParseUpgradeResponse reads the response head at the start of b. n is its size
// in bytes, or 0 and no error while more bytes are needed. A 101 that does not
// answer key is ErrBadAccept, with the status; any other status is no error,
// and what follows the head is its body.
func ParseUpgradeResponse(b, key []byte) (status, n int, err error) {
	n, ok := headEnd(b[:min(len(b), MaxResponseHead)])
	if !ok || n == 0 && len(b) >= MaxResponseHead {
		return 0, 0, ErrMalformedResponse
	}
	if n == 0 {
		return 0, 0, nil
	}
	line, fields := cutLine(b[:n-len(crlf)])
	status, ok = parseStatusLine(line)
	if !ok {
		return 0, 0, ErrMalformedResponse
	}
	answers, ok := parseAnswer(fields, key)
	if !ok {
		return 0, 0, ErrMalformedResponse
	}
	if status == 101 && !answers {
		return status, 0, ErrBadAccept
	}
	return status, n, nil
}

// parseStatusLine reads "HTTP/1.1 101 Reason"; the reason may be missing.
func parseStatusLine(line []byte) (status int, ok bool) {
	rest, found := bytes.CutPrefix(line, []byte("HTTP/1."))
	if !found || len(rest) < 5 || rest[0] != '0' && rest[0] != '1' || rest[1] != ' ' {
		return 0, false
	}
	for _, c := range rest[2:5] {
		if c < '0' || c > '9' {
			return 0, false
		}
		status = status*10 + int(c-'0')
	}
	ended := len(rest) == 5 || rest[5] == ' '
	return status, ended && status >= 100 && isFieldValue(rest[5:])
}

// parseAnswer reports whether the fields accept the upgrade for key; ok is
// false when they are not HTTP.
func parseAnswer(fields, key []byte) (answers, ok bool) {
	var want [acceptSize]byte
	appendAccept(want[:0], key)
	var upgrade, connection, accept bool
	for len(fields) > 0 {
		var line []byte
		line, fields = cutLine(fields)
		name, value, ok := parseField(line)
		if !ok {
			return false, false
		}
		switch {
		case equalFold(name, "upgrade"):
			upgrade = upgrade || listHas(value, "websocket")
		case equalFold(name, "connection"):
			connection = connection || listHas(value, "upgrade")
		case equalFold(name, "sec-websocket-accept"):
			accept = bytes.Equal(value, want[:])
		}
	}
	return upgrade && connection && accept, true
}
