package redis

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Whom a server contradicts is asked last, and while a third one answers neither
// of the two is believed.
func TestCandidates_Doubt(t *testing.T) {
	for name, test := range map[string]struct {
		answered string
		doubts   []string
		want     []string
	}{
		"nobody has answered":       {"", []string{"b"}, []string{"a", "c", "b"}},
		"another one says so":       {"a", []string{"b"}, []string{"c", "b", "a"}},
		"so do all others":          {"a", []string{"b", "c"}, []string{"b", "c", "a"}},
		"it says so itself":         {"c", []string{"c"}, []string{"a", "b", "c"}},
		"it says so often":          {"a", []string{"a", "a"}, []string{"b", "c", "a"}},
		"somebody who is not asked": {"b", []string{"d"}, []string{"a", "c", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCandidates([]string{"a", "b", "c"})
			if test.answered != "" {
				c.prefer(test.answered)
			}
			for _, one := range test.doubts {
				c.doubt(one)
			}
			assert.Equal(t, test.want, c.inOrder())
		})
	}
}
