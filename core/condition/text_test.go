package condition

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompareText(t *testing.T) {
	tests := []struct {
		escaped, plain string
		want           int
	}{
		{``, "", 0},
		{`a`, "a", 0},
		{`a`, "", 1},
		{``, "a", -1},
		{`\u0061`, "a", 0},
		{`\u0061`, "ab", -1},
		{`\u0061b`, "a", 1},
		{`a\u0062`, "ac", -1},
		{`\u00e9`, "é", 0},
		{`\u00E9`, "z", 1},
		{`\uffff`, "😀", -1}, // in UTF-16 it is greater
		{`\ud83d\ude00`, "\uffff", 1},
		{`\ud83d\ude00`, "😀", 0},
		{`\ud83d\ud83d\ude00`, "\ufffd😀", 0},
		{`\ude00\ud83d`, "\ufffd\ufffd", 0},
		{`\ud83dx`, "\ufffdx", 0},
		{`\q`, "\ufffdq", 0},
		{`\u12`, "\ufffdu12", 0},
		{`a\`, "a\ufffd", 0},
		{`\ud83d\u`, "\ufffd\ufffdu", 0},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, compareText(tt.escaped, tt.plain), "%s and %q", tt.escaped, tt.plain)
	}
}
