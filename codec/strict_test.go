package codec

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jsonValues mixes good and bad; encoding/json and utf8 say which is which.
var jsonValues = []string{
	`1`, `-0`, `0.5`, `1e400`, `1E-5`, `01`, `-`, `-01`, `1.`, `.5`, `1e`, `1e+`, `+1`, `0x1`, `1.2.3`, `1-2`, `NaN`, `Infinity`,
	`null`, `nul`, `nulll`, `true`, `truE`, `true1`, `false`, `fals`,
	`""`, `"a"`, `"a`, `"\q"`, `"\'"`, `"\/\b\f\n\r\t\"\\"`, `"\u12"`, `"\u12zz"`, `"\u00e9"`, `"\ud800"`, `"\ud83d\ude00"`, `"\u0000"`, `"\`, `"\\`, `"\\\"`, `"\u`,
	"\"\x01\"", "\"\t\"", "\"\n\"", "\"\x7f\"", "\"\x00\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", `"é日😀"`, "\"\u2028\"",
	`[]`, `[ ]`, `[1]`, `[`, `[1`, `[1,]`, `[,1]`, `[1 2]`, `[1]]`, `[01]`, `[[],[]]`, `["\q"]`,
	`{}`, `{ }`, `{"a":1}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{'a':1}`, `{"a":1 "b":2}`, `{"\q":1}`, "{\"\x01\":1}", `{1:1}`, `{"a":{"b":"\q"}}`, "{\"\xff\":1}",
	"\ufeff1", "\v1", "\f1", "\u00a01", "1\x00", " 1 ", "\t\r\n1\t\r\n", ``, ` `, `/**/1`, `1//x`, `1 1`, `'a'`,
	`"` + strings.Repeat("a", 70) + "\x01" + `"`, `"` + strings.Repeat("a", 70) + `\q` + `"`, `"` + strings.Repeat(`\\`, 70) + `"`,
}

// jsonShapes put a value where sonic decodes, skips, and has a long way to go:
// it has a path of its own for what 32 bytes or more follow.
var jsonShapes = func() []string {
	long := `"` + strings.Repeat("abcdefgh", 20) + `"`
	shapes := []string{
		`@`, `[@]`, `{"data":@}`, `{"x":@}`, `{"x":[@]}`, `{"data":{"y":@}}`, `{"type":"t","action":@}`, `{"type":@,"action":"a"}`, `{"id":@}`,
		`{"x":@}1`, `{"x":@}}`, `@,`,
	}
	for _, s := range shapes {
		shapes = append(shapes, strings.Replace(s, `@`, `[`+long+`,@,`+long+`]`, 1), strings.Replace(s, `@`, `@`+strings.Repeat(" ", 70), 1))
	}
	for _, key := range []string{`\q`, `\u00`, "\x01", "\xff", `\ud800`, `ty\u0070e`, `Type`, `type`, `\`} {
		shapes = append(shapes, `{"`+key+`":@}`, `{"x":{"`+key+`":@,"y":`+long+`}}`, `{"data":{"`+key+`":`+long+`,"y":@}}`)
	}
	return shapes
}()

func eachJSON(f func(s string)) {
	for _, shape := range jsonShapes {
		for _, v := range jsonValues {
			f(strings.Replace(shape, `@`, v, 1))
		}
	}
}

func isStandard(s string) bool { return utf8.ValidString(s) && json.Valid([]byte(s)) }

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestValidJSON_AgreesWithEncodingJSON(t *testing.T) {
	eachJSON(func(s string) {
		require.Equal(t, isStandard(s), ValidJSON([]byte(s)), "%q", s)
	})
}

func TestValidJSON_Depth(t *testing.T) {
	assert.True(t, ValidJSON([]byte(nested(MaxDepth))))
	assert.False(t, ValidJSON([]byte(nested(MaxDepth+1))))
	assert.False(t, ValidJSON([]byte(nested(100_000))))
	assert.False(t, ValidJSON([]byte(strings.Repeat(`{"a":`, MaxDepth+1)+"1"+strings.Repeat("}", MaxDepth+1))))
	assert.True(t, ValidJSON([]byte(`"`+strings.Repeat("[", 10_000)+`"`)), "brackets in a string")
	assert.True(t, ValidJSON([]byte(`["\"`+strings.Repeat("[{", 10_000)+`\\"]`)), "brackets in a string with escapes")
	assert.True(t, ValidJSON([]byte("["+strings.Repeat("[[]],", 10_000)+"1]")), "wide")
	assert.False(t, ValidJSON([]byte(strings.Repeat(`["`, 10_000))))
}

func TestValidJSON_NoAllocs(t *testing.T) {
	b := []byte(`{"type":"chat","data":{"text":"h\u00e9llo","list":[1,2,3]}}`)
	noAllocs(t, func() { ValidJSON(b) })
}

func BenchmarkValidJSON(b *testing.B) {
	samples := map[string]string{
		"128":        `{"type":"chat","action":"message","data":{"text":"` + strings.Repeat("a", 76) + `"}}`,
		"wide_60000": "[" + strings.Repeat(`{"a":1,"b":"text"},`, 3158) + "1]",
	}
	for name, s := range samples {
		b.Run(name, func(b *testing.B) {
			value := []byte(s)
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				if !ValidJSON(value) {
					b.Fatal("refused")
				}
			}
		})
	}
}
