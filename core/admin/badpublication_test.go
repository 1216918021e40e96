package admin

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is wrong with a request is named.
func TestReadPublication_NamesMistakes(t *testing.T) {
	const unknown = `Publish request has the unknown field `
	rest := `,"message":` + hello + `}`
	for raw, want := range map[string]string{
		"":      "Publish request is not a JSON object",
		" \n":   "Publish request is not a JSON object",
		"1":     "Publish request is not a JSON object",
		"null":  "Publish request is not a JSON object",
		"[{}]":  "Publish request is not a JSON object",
		"hush!": "Publish request is not a JSON object",

		`{"room":"r"`:               "Publish request is not JSON, at byte 11",
		`{"room":hush}`:             "Publish request is not JSON, at byte 9",
		"{\"message\":{\"a\":\n":    "Publish request is not JSON, at byte 17",
		`{"message":{}}}`:           "Publish request is not JSON, at byte 15",
		`{"message":{}} {}`:         "Publish request is not JSON, at byte 16",
		"{\"room\":\"\xff\"":        "Publish request is not UTF-8",
		"{\"ro\xffom\":\"r\"}":      "Publish request is not UTF-8",
		"{\"room\":\"\xff\"" + rest: "Publish request is not UTF-8",

		`{"rom":"general"` + rest:                      unknown + `"rom"`,
		`{"room":"general","":5` + rest:                unknown + `""`,
		`{"a\nb<\u0000":5` + rest:                      unknown + `"a\nb<\x00"`,
		`{"rom":null,"room":null` + rest:               unknown + `"rom"`,
		`{"` + strings.Repeat("x", 40) + `":5` + rest:  unknown + `"` + strings.Repeat("x", 40) + `"`,
		`{"` + strings.Repeat("x", 41) + `":5` + rest:  unknown + `"` + strings.Repeat("x", 40) + `"`,
		`{"x` + strings.Repeat("日", 20) + `":5` + rest: unknown + `"x` + strings.Repeat("日", 13) + `"`,
		`{"room":null,"rom":5` + rest:                  "Field room is null",
		`{"room":"a","room":null` + rest:               "Field room is null",
		`{"room":null,"room":"a"` + rest:               "Field room is null",
		`{"ROOM":""` + rest:                            "Field room is empty",
		`{"room":5` + rest:                             "Field room is not a string",
		`{"userId":null` + rest:                        "Field userId is null",
		`{"userId":""` + rest:                          "Field userId is empty",
		`{"userId":[5]` + rest:                         "Field userId is not a user id",
		`{"clientId":""` + rest:                        "Field clientId is empty",
		`{"except":null` + rest:                        "Field except is null",
		`{"where":""` + rest:                           "Field where is empty",
		`{"rooms":null` + rest:                         "Field rooms is null",
		`{"rooms":[]` + rest:                           "Field rooms is empty",
		`{"rooms":"general"` + rest:                    "Field rooms is not an array",
		`{"rooms":["general",""]` + rest:               "Field rooms has an entry that is empty",
		`{"rooms":[5]` + rest:                          "Field rooms has an entry that is not a string",
		`{"userIds":[null]` + rest:                     "Field userIds has an entry that is null",
		`{"userIds":[{}]` + rest:                       "Field userIds has an entry that is not a user id",
		`{"clientIds":{}` + rest:                       "Field clientIds is not an array",
	} {
		_, bad := readPublication([]byte(raw))
		if assert.NotNil(t, bad, raw) {
			assert.Equal(t, apiError{want, badLine}, *bad, "%q", raw)
		}
	}
}

// A message that is missing is no JSON that could not be parsed.
func TestReadPublication_WithoutAMessage(t *testing.T) {
	for _, raw := range []string{`{}`, `{"room":"r"}`, `{"Room":"r"}`} {
		_, bad := readPublication([]byte(raw))
		require.Equal(t, &apiError{"Field message is missing", badMessage}, bad, raw)
	}
	_, bad := readPublication([]byte(`{"message":null}`))
	require.Equal(t, badMessage, bad.Code)
	require.NotContains(t, bad.Error, "missing")
}

// Whatever is refused is refused with a sentence that repeats little of it.
func FuzzReadPublication(f *testing.F) {
	for _, line := range append(worstLines(), `{"message":`+hello+`}`, `{"Room":"r","message":`+hello+`}`, "{\"room\":\"\xff\"}") {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, bad := readPublication(raw)
		if bad == nil {
			return
		}
		require.True(t, utf8.ValidString(bad.Error))
		require.NotEqual(t, errNoForm, bad, "what is wrong has no name: %q", raw)
		require.Less(t, len(bad.Error), maxAnswerLine)
		require.NotContains(t, bad.Error, "\n")
	})
}
