package codec

import "bytes"

// The grammar of Sec-WebSocket-Extensions, RFC 6455 section 9.1: a list of
// extensions, each a token with parameters, whose values are tokens or quoted.

// extensionScanner reads the value of the header from its front.
type extensionScanner struct{ rest []byte }

// take skips c, and the spaces in front of it, if c comes next.
func (s *extensionScanner) take(c byte) bool {
	s.skipSpace()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *extensionScanner) skipSpace() {
	for len(s.rest) > 0 && isSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

// atEnd reports whether nothing but spaces is left.
func (s *extensionScanner) atEnd() bool {
	s.skipSpace()
	return len(s.rest) == 0
}

// token returns the token that comes next, empty where there is none.
func (s *extensionScanner) token() []byte {
	s.skipSpace()
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token
}

// parameter reads what follows a semicolon: a name and, behind an equals sign, a
// value. value is nil where there is none. ok is false where neither is.
func (s *extensionScanner) parameter() (name, value []byte, ok bool) {
	name = s.token()
	if len(name) == 0 {
		return nil, nil, false
	}
	if !s.take('=') {
		return name, nil, true
	}
	if s.take('"') {
		value, ok = s.quoted()
		return name, value, ok
	}
	value = s.token()
	return name, value, len(value) > 0
}

// quoted reads the rest of a quoted string, which without its quotes and
// backslashes must be a token, too.
func (s *extensionScanner) quoted() (value []byte, ok bool) {
	for i := 0; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '"':
			value = withoutBackslashes(s.rest[:i])
			s.rest = s.rest[i+1:]
			return value, isToken(value)
		}
	}
	return nil, false
}

// withoutBackslashes returns b where it has none, else a copy.
func withoutBackslashes(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	plain := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' {
			i++
		}
		plain = append(plain, b[i])
	}
	return plain
}
