package condition

import (
	"cmp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// compareText compares a text as JSON writes it, without its quotes, with a
// plain one, by code points.
func compareText(escaped, plain string) int {
	if strings.IndexByte(escaped, '\\') < 0 {
		return strings.Compare(escaped, plain)
	}
	for escaped != "" && plain != "" {
		r, size := firstRune(escaped)
		other, otherSize := utf8.DecodeRuneInString(plain)
		if r != other {
			return cmp.Compare(r, other)
		}
		escaped, plain = escaped[size:], plain[otherSize:]
	}
	return cmp.Compare(len(escaped), len(plain))
}

// firstRune decodes the first rune of a text as JSON writes it, which is not
// empty. A backslash that begins no escape is U+FFFD.
func firstRune(escaped string) (r rune, size int) {
	if escaped[0] != '\\' {
		return utf8.DecodeRuneInString(escaped)
	}
	if r, size = unescape(escaped); size == 0 {
		return utf8.RuneError, 1
	}
	return r, size
}

// unescape decodes the escape of JSON at the start of s, or a surrogate pair of
// two of them. size is 0 where there is none; half a pair is U+FFFD.
func unescape(s string) (r rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := unit(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	second, _ := unit(s[6:])
	if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
		return pair, 12
	}
	return utf8.RuneError, 6
}

// unit decodes the escape at the start of s, \u and four hex digits: a unit of
// UTF-16.
func unit(s string) (r rune, ok bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	for _, c := range []byte(s[2:6]) {
		digit := strings.IndexByte("0123456789abcdef", lower(c))
		if digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
