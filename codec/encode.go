package codec

import "unicode/utf8"

// What the server says, as JSON. Raw arguments must be valid JSON already and
// are copied as they are; strings are quoted here.

// AppendReply appends the answer to a request:
// {"type":T,"action":A,"response":R,"id":I}. T, A and I are echoed from e, which
// must have a Type and an Action; a nil response and a nil ID leave their keys
// out.
func AppendReply(dst []byte, e *Envelope, response []byte) []byte {
	dst = append(dst, `{"type":`...)
	dst = append(dst, e.Type...)
	dst = append(dst, `,"action":`...)
	dst = append(dst, e.Action...)
	dst = appendMember(dst, `,"response":`, response)
	dst = appendMember(dst, `,"id":`, e.ID)
	return append(dst, '}')
}

// AppendEvent appends {"type":typ,"action":action,"data":data}; nil data leaves
// its key out.
func AppendEvent(dst []byte, typ, action string, data []byte) []byte {
	dst = append(dst, `{"type":`...)
	dst = AppendString(dst, typ)
	dst = append(dst, `,"action":`...)
	dst = AppendString(dst, action)
	dst = appendMember(dst, `,"data":`, data)
	return append(dst, '}')
}

// AppendError appends the error event
// {"type":"error","action":"message","data":{"error":text,"code":code},"id":id}.
// An empty code and a nil id leave their keys out; id is raw JSON.
func AppendError(dst []byte, text, code string, id []byte) []byte {
	dst = append(dst, `{"type":"error","action":"message","data":{"error":`...)
	dst = AppendString(dst, text)
	if code != "" {
		dst = append(dst, `,"code":`...)
		dst = AppendString(dst, code)
	}
	dst = append(dst, '}')
	dst = appendMember(dst, `,"id":`, id)
	return append(dst, '}')
}

func appendMember(dst []byte, key string, raw []byte) []byte {
	if raw == nil {
		return dst
	}
	return append(append(dst, key...), raw...)
}

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD, byte
// by byte. U+2028 and U+2029 are escaped, so the result is JavaScript too.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0 // s[:done] is appended
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = append(dst, s[done:i]...)
				dst = appendEscape(dst, c)
				done = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if escaped := escapeRune(r, size); escaped != "" {
			dst = append(dst, s[done:i]...)
			dst = append(dst, escaped...)
			done = i + size
		}
		i += size
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

// escapeRune returns what stands for a rune outside ASCII, or "" if it stands
// for itself.
func escapeRune(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "\uFFFD"
	case r == '\u2028':
		return `\u2028`
	case r == '\u2029':
		return `\u2029`
	}
	return ""
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
