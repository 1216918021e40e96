package codec

import "unicode/utf8"

// UTF8Validator checks UTF-8 that arrives in pieces. It fails at the first byte
// that no valid text could have there, even in the middle of a sequence, as RFC
// 6455 section 8.1 is commonly tested. The zero value is ready; after a failure
// it must be reset to the zero value.
type UTF8Validator struct {
	need   uint8 // continuation bytes still to come
	lo, hi uint8 // bounds of the next one, while need > 0
}

// Write checks the next piece and reports whether the text can still be valid.
func (v *UTF8Validator) Write(b []byte) bool {
	for v.need > 0 {
		if len(b) == 0 {
			return true
		}
		if !v.step(b[0]) {
			return false
		}
		b = b[1:]
	}
	tail := unfinishedTail(b)
	if !utf8.Valid(b[:tail]) {
		return false
	}
	for _, c := range b[tail:] {
		if !v.step(c) {
			return false
		}
	}
	return true
}

// Complete reports whether the text may end here.
func (v *UTF8Validator) Complete() bool { return v.need == 0 }

// step takes one byte: a continuation byte, or the first of a sequence.
func (v *UTF8Validator) step(c byte) bool {
	if v.need == 0 {
		return v.begin(c)
	}
	if c < v.lo || c > v.hi {
		return false
	}
	v.need--
	v.lo, v.hi = 0x80, 0xBF
	return true
}

// begin takes the first byte of a sequence of several. The bounds of the second
// byte keep out overlong forms, surrogates, and what lies above U+10FFFF.
func (v *UTF8Validator) begin(c byte) bool {
	v.lo, v.hi = 0x80, 0xBF
	switch {
	case c >= 0xC2 && c <= 0xDF:
		v.need = 1
	case c >= 0xE0 && c <= 0xEF:
		v.need = 2
	case c >= 0xF0 && c <= 0xF4:
		v.need = 3
	default:
		return false
	}
	switch c {
	case 0xE0:
		v.lo = 0xA0
	case 0xED:
		v.hi = 0x9F
	case 0xF0:
		v.lo = 0x90
	case 0xF4:
		v.hi = 0x8F
	}
	return true
}

// unfinishedTail returns where a sequence begins that b cuts short, or len(b).
func unfinishedTail(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-3; i-- {
		if b[i] < utf8.RuneSelf {
			break
		}
		if !utf8.RuneStart(b[i]) {
			continue
		}
		if len(b)-i < sequenceSize(b[i]) {
			return i
		}
		break
	}
	return len(b)
}

// sequenceSize is the size that the first byte of a sequence announces.
func sequenceSize(first byte) int {
	switch {
	case first >= 0xF0:
		return 4
	case first >= 0xE0:
		return 3
	}
	return 2
}
