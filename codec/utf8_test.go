package codec

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var textSamples = []string{
	"", "a", "hello, world, in plain ASCII of some length", "é", "日本語", "😀", "κόσμε",
	"\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff",
	"mixed é and 日 and 😀 in a longer sentence " + strings.Repeat("é日😀a", 20),
	"\x80", "\xbf", "\xc0", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
	"\xe2(\xa1", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf0\x9f\x98(",
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
	strings.Repeat("a", 100) + "\xff", strings.Repeat("a", 100) + "\xed\xa0\x80" + strings.Repeat("a", 100),
	"\xef\xbb\xbf", "\xef\xbf\xbe",
}

func TestUTF8Validator_SplitEverywhere(t *testing.T) {
	for _, s := range textSamples {
		for i := 0; i <= len(s); i++ {
			for j := i; j <= len(s); j++ {
				var v UTF8Validator
				ok := v.Write([]byte(s[:i])) && v.Write([]byte(s[i:j])) && v.Write([]byte(s[j:])) && v.Complete()
				require.Equal(t, utf8.ValidString(s), ok, "%q cut at %d and %d", s, i, j)
			}
		}
	}
}

// extendable reports whether some valid text begins with s.
func extendable(s []byte) bool {
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		if r != utf8.RuneError || size > 1 {
			s = s[size:]
			continue
		}
		// The tail must be the beginning of some rune's encoding.
		for _, fill := range []string{"\x80", "\xbf", "\x80\x80", "\xa0\x80", "\x90\x80", "\x80\x80\x80", "\x90\x80\x80"} {
			if utf8.Valid(append(s[:len(s):len(s)], fill...)) {
				return true
			}
		}
		return false
	}
	return true
}

func TestUTF8Validator_FailsAtFirstBadByte(t *testing.T) {
	for _, s := range textSamples {
		var v UTF8Validator
		for i := range len(s) {
			ok := v.Write([]byte{s[i]})
			require.Equal(t, extendable([]byte(s[:i+1])), ok, "%q at %d", s, i)
			var whole UTF8Validator
			require.Equal(t, ok, whole.Write([]byte(s[:i+1])), "%q to %d", s, i)
			if !ok {
				break
			}
		}
	}
}

func TestUTF8Validator_NoAllocs(t *testing.T) {
	b := []byte(strings.Repeat("é日😀a", 20))
	noAllocs(t, func() {
		var v UTF8Validator
		assert.True(t, v.Write(b[:7]) && v.Write(b[7:]))
	})
}

func FuzzUTF8(f *testing.F) {
	for i, s := range textSamples {
		f.Add([]byte(s), uint(i), uint(i/2))
	}
	f.Fuzz(func(t *testing.T, b []byte, i, j uint) {
		first := int(i % uint(len(b)+1))
		second := first + int(j%uint(len(b)-first+1))
		var v UTF8Validator
		ok := v.Write(b[:first]) && v.Write(b[first:second]) && v.Write(b[second:])
		require.Equal(t, extendable(b), ok)
		require.Equal(t, utf8.Valid(b), ok && v.Complete())
	})
}

func BenchmarkUTF8Validator(b *testing.B) {
	samples := map[string]string{"ascii_4096": strings.Repeat("a", 4096), "mixed_4096": strings.Repeat("é日a", 683)[:4096]}
	for name, s := range samples {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			text := []byte(s)
			for b.Loop() {
				var v UTF8Validator
				v.Write(text)
			}
		})
	}
}
