package codec

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAppendReply(t *testing.T) {
	e := &Envelope{Type: []byte(`"t"`), Action: []byte(`5`)}
	assert.Equal(t, `{"type":"t","action":5}`, string(AppendReply(nil, e, nil)))
	e.ID = []byte(`"i"`)
	assert.Equal(t, `{"type":"t","action":5,"response":null,"id":"i"}`, string(AppendReply(nil, e, []byte("null"))))
}

func TestAppendEvent(t *testing.T) {
	assert.Equal(t, `{"type":"system","action":"pong"}`, string(AppendEvent(nil, "system", "pong", nil)))
	assert.Equal(t, `{"type":"a\"b","action":"c","data":[1]}`, string(AppendEvent(nil, `a"b`, "c", []byte("[1]"))))
}

func TestAppendError(t *testing.T) {
	assert.Equal(t, `{"type":"error","action":"message","data":{"error":"No"}}`, string(AppendError(nil, "No", "", nil)))
	assert.Equal(t, `{"type":"error","action":"message","data":{"error":"No","code":"C"},"id":4}`, string(AppendError(nil, "No", "C", []byte("4"))))
}

func TestAppendString(t *testing.T) {
	every := make([]byte, 0, 256)
	for c := range 256 {
		every = append(every, byte(c))
	}
	samples := append([]string{"\u2028\u2029", "<&>", string(every), "a\xffé\xed\xa0\x80b", "\uFFFD", strings.Repeat("long ", 100) + "\n"}, textSamples...)
	for _, s := range samples {
		quoted := AppendString([]byte("x"), s)[1:]
		var back string
		require.NoError(t, json.Unmarshal(quoted, &back), "%q", s)
		want := string([]rune(s)) // replaces as encoding/json does
		require.Equal(t, want, back)
		require.True(t, ValidJSON(quoted), "%q", s)
		require.NotContains(t, string(quoted), "\u2028")
		require.NotContains(t, string(quoted), "\u2029")
	}
}

func TestEncode_NoAllocs(t *testing.T) {
	dst := make([]byte, 0, 512)
	e := &Envelope{Type: []byte(`"t"`), Action: []byte(`"a"`), ID: []byte("1")}
	noAllocs(t, func() {
		dst = AppendReply(dst[:0], e, []byte("{}"))
		dst = AppendEvent(dst, "room", "message\n", []byte("{}"))
		dst = AppendError(dst, "Text", "CODE", e.ID)
	})
}

func BenchmarkAppendReply_128(b *testing.B) {
	dst := make([]byte, 0, 512)
	e := &Envelope{Type: []byte(`"chat"`), Action: []byte(`"send"`), ID: []byte("1")}
	response := []byte(`{"text":"` + strings.Repeat("a", 80) + `"}`)
	for b.Loop() {
		dst = AppendReply(dst[:0], e, response)
	}
}
