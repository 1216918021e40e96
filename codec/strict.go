package codec

import (
	"bytes"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/decoder"
)

// Strict JSON: RFC 8259 to the letter, in UTF-8, and not too deep. sonic finds
// the structure; what it lets pass (v1.15.5) is checked here. In values that it
// skips over it accepts any escape that is not near the end of the input, it
// does not look at UTF-8, and its limit of depth is its own.

// MaxDepth is how deep arrays and objects may nest. Deeper JSON counts as
// invalid, so that no receiver's recursive parser is put to the test.
const MaxDepth = 512

// ValidJSON reports whether b is one strict JSON value and nothing else. Any
// goroutine may call it.
func ValidJSON(b []byte) bool {
	v := validators.Get().(*jsonValidator)
	ok := v.valid(b, false)
	validators.Put(v)
	return ok
}

var validators = sync.Pool{New: func() any { return newJSONValidator() }}

// jsonValidator holds a reused decoder. It belongs to one goroutine.
type jsonValidator struct {
	decoder *decoder.Decoder
	value   sonic.NoCopyRawMessage
}

func newJSONValidator() *jsonValidator {
	return &jsonValidator{decoder: newStrictDecoder()}
}

// valid checks b. text says that b is known to be valid UTF-8.
func (v *jsonValidator) valid(b []byte, text bool) bool {
	ok := beyondSonic(b, text) && decodeStrict(v.decoder, b, &v.value)
	v.value = nil
	return ok
}

func newStrictDecoder() *decoder.Decoder {
	d := decoder.NewDecoder("")
	d.SetOptions(decoder.OptionValidateString | decoder.OptionCaseSensitive)
	return d
}

// decodeStrict decodes all of b into value, whose raw fields become views of b.
func decodeStrict(d *decoder.Decoder, b []byte, value any) bool {
	d.Reset(unsafe.String(unsafe.SliceData(b), len(b)))
	ok := d.Decode(value) == nil && d.CheckTrailings() == nil
	d.Reset("")
	return ok
}

// beyondSonic checks what decodeStrict does not.
func beyondSonic(b []byte, text bool) bool {
	return (text || utf8.Valid(b)) && validEscapes(b) && withinDepth(b)
}

// validEscapes checks each escape, given that the structure is checked
// elsewhere: backslashes stand in strings alone.
func validEscapes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return true
		}
		n := escapeSize(b[i:])
		if n == 0 {
			return false
		}
		b = b[i+n:]
	}
}

// escapeSize is the size in bytes of the escape at the start of b, 0 if it is
// none.
func escapeSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) && isHex(b[5]) {
			return 6
		}
	}
	return 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// withinDepth checks MaxDepth. Counting brackets answers for nearly all input;
// only what has many of them is walked.
func withinDepth(b []byte) bool {
	if bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) <= MaxDepth {
		return true
	}
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringSize(b[i:]) - 1
		case '[', '{':
			depth++
			if depth > MaxDepth {
				return false
			}
		case ']', '}':
			depth--
		}
	}
	return true
}

// stringSize is the size in bytes, quotes included, of the string at the start
// of b, or all of b when it does not end.
func stringSize(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}
