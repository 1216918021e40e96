package codec

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseClosePayload_EveryCode(t *testing.T) {
	allowed := func(c int) bool {
		return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
	}
	for c := range 1 << 16 {
		code, reason, err := ParseClosePayload([]byte{byte(c >> 8), byte(c), 'x'})
		if !allowed(c) {
			require.Equal(t, ErrBadCloseCode, err, "code %d", c)
			require.Empty(t, AppendClosePayload(nil, StatusCode(c), "x"))
			continue
		}
		require.NoError(t, err)
		require.Equal(t, StatusCode(c), code)
		require.Equal(t, "x", string(reason))
	}
}

func TestParseClosePayload_Bad(t *testing.T) {
	code, reason, err := ParseClosePayload(nil)
	assert.NoError(t, err)
	assert.Equal(t, StatusNoStatus, code)
	assert.Empty(t, reason)

	_, _, err = ParseClosePayload([]byte{3})
	assert.Equal(t, ErrBadClosePayload, err)
	_, _, err = ParseClosePayload([]byte{3, 0xE8, 0xC3})
	assert.Equal(t, ErrInvalidUTF8, err)
}

func TestAppendClosePayload_CutsBetweenCharacters(t *testing.T) {
	for _, reason := range []string{"", "bye", strings.Repeat("a", 123), strings.Repeat("a", 200), strings.Repeat("é", 100), strings.Repeat("日", 100), strings.Repeat("😀", 50)} {
		p := AppendClosePayload(nil, StatusNormal, reason)
		assert.LessOrEqual(t, len(p), MaxControlPayload)
		_, got, err := ParseClosePayload(p)
		assert.NoError(t, err)
		assert.True(t, strings.HasPrefix(reason, string(got)))
		assert.Greater(t, len(got)+utf8.UTFMax, min(len(reason), 123))
	}
}

func TestClose_NoAllocs(t *testing.T) {
	dst := make([]byte, 0, 128)
	noAllocs(t, func() {
		dst = AppendClosePayload(dst[:0], StatusPolicyViolation, "rate limit")
		_, _, _ = ParseClosePayload(dst)
	})
}

func FuzzClosePayload(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3})
	f.Add([]byte{3, 0xE8, 'b', 'y', 'e'})
	f.Fuzz(func(t *testing.T, p []byte) {
		code, reason, err := ParseClosePayload(p)
		if err != nil {
			require.IsType(t, &Error{}, err)
			return
		}
		if len(p) == 0 {
			require.Equal(t, StatusNoStatus, code)
			return
		}
		require.True(t, utf8.Valid(reason))
		if len(p) <= MaxControlPayload {
			require.Equal(t, p, AppendClosePayload(nil, code, string(reason)))
		}
	})
}
