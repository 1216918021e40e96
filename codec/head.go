package codec

import "bytes"

// The head of an HTTP/1.1 message, RFC 9112, as requests and responses share
// it. Parsing is strict wherever two servers on one path could disagree.

var crlf = []byte("\r\n")

// headEnd returns the size in bytes of the head at the start of b, its empty
// line included, or 0 when the empty line has not come yet. ok is false when a
// line ends without CR, or when the head begins with an empty line.
func headEnd(b []byte) (n int, ok bool) {
	line := 0
	for {
		i := bytes.IndexByte(b[line:], '\n')
		if i < 0 {
			return 0, true
		}
		if i == 0 || b[line+i-1] != '\r' {
			return 0, false
		}
		if i == 1 {
			return line + 2, line > 0
		}
		line += i + 1
	}
}

// cutLine splits head, which holds whole lines, behind its first line.
func cutLine(head []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(head, crlf)
	return line, rest
}

// parseField splits a header line into name and value, both views. It refuses
// folded lines, a space before the colon, and control characters.
func parseField(line []byte) (name, value []byte, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return nil, nil, false
	}
	name = line[:colon]
	value = trimSpace(line[colon+1:])
	return name, value, isToken(name) && isFieldValue(value)
}

// trimSpace cuts spaces and tabs off both ends. Unlike bytes.Trim it never
// returns nil for an empty rest: a field that is there stays there.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// isToken reports whether b is a token, RFC 9110 section 5.6.2.
func isToken(b []byte) bool {
	for _, c := range b {
		if !isTokenByte(c) {
			return false
		}
	}
	return len(b) > 0
}

func isTokenByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

func isFieldValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}

// listHas reports whether the comma-separated list holds the token, in any
// case. token is lower-case.
func listHas(list []byte, token string) bool {
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte(","))
		if equalFold(trimSpace(item), token) {
			return true
		}
	}
	return false
}

// equalFold compares b in ASCII, whatever its case, with lower, which is
// lower-case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
