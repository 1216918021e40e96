package codec

import (
	"bytes"
	"strings"
)

// The target of a request, RFC 9112 section 3.2: in origin form, as clients send it, or
// in absolute form, as a server has to accept it, too.

// parseTarget reads a target, which is visible ASCII.
func (q *UpgradeRequest) parseTarget(target []byte) bool {
	for _, c := range target {
		if c <= ' ' || c >= 0x7F || c == '#' {
			return false
		}
	}
	q.Target = target
	authority, path, ok := cutAuthority(target)
	if !ok {
		return false
	}
	q.authority = authority
	q.Path = path
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		q.Path, q.RawQuery = path[:i], path[i+1:]
	}
	return true
}

// cutAuthority returns the authority of a target, nil in origin form, and the rest. ok is
// false for a target in another form, or of another scheme.
func cutAuthority(target []byte) (authority, path []byte, ok bool) {
	if len(target) > 0 && target[0] == '/' {
		return nil, target, true
	}
	scheme, rest, found := bytes.Cut(target, []byte("://"))
	if !found || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return nil, nil, false
	}
	end := bytes.IndexAny(rest, "/?")
	if end < 0 || rest[end] != '/' {
		return nil, nil, false
	}
	return rest[:end], rest[end:], isHost(rest[:end])
}

// isHost reports whether b may be a host with or without a port, RFC 9110 section 7.2:
// it knows the bytes that may stand in one, not their order.
func isHost(b []byte) bool {
	for _, c := range b {
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && strings.IndexByte("-._~:[]%!$&'()*+,;=", c) < 0 {
			return false
		}
	}
	return len(b) > 0
}
