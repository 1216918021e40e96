package codec

import (
	"net/http"
	"strconv"
)

// Answers to an upgrade request, RFC 6455 section 4.2.2.

// AppendUpgradeResponse appends the 101 that accepts a checked request. key is
// its Sec-WebSocket-Key; protocol is the chosen subprotocol, or empty; extensions
// is what Deflate.Answer says.
func AppendUpgradeResponse(dst, key []byte, protocol, extensions string) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = appendAccept(dst, key)
	if protocol != "" {
		dst = append(dst, "\r\nSec-WebSocket-Protocol: "...)
		dst = append(dst, protocol...)
	}
	if extensions != "" {
		dst = append(dst, "\r\nSec-WebSocket-Extensions: "...)
		dst = append(dst, extensions...)
	}
	return append(dst, "\r\n\r\n"...)
}

// AppendErrorResponse appends a whole HTTP answer whose body is
// {"error":text,"code":code}; an empty code is left out. extraHeaders holds
// header lines, each with its CRLF, or nothing. The connection closes after it.
func AppendErrorResponse(dst []byte, status int, code, text, extraHeaders string) []byte {
	var room [256]byte
	body := append(room[:0], `{"error":`...)
	body = AppendString(body, text)
	if code != "" {
		body = append(body, `,"code":`...)
		body = AppendString(body, code)
	}
	body = append(body, '}')

	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(status)...)
	dst = append(dst, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\nConnection: close\r\n"...)
	dst = append(dst, extraHeaders...)
	dst = append(dst, "\r\n"...)
	return append(dst, body...)
}
