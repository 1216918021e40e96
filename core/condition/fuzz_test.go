package condition

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

var seeds = []string{
	`claim:subscription == premium`, `user in (5, "a", -0.5e1)`, `!(claim:"a.b".c || meta:a.b has "\ud83d\ude00")&&not user`,
	`claim:a < 5 or claim:a >= "a" and claim:b != null`, `((((user))))`, `claim:a in (true,false,null)`, `user == "\u0000`, `meta:a`,
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			require.Nil(t, c)
			var mistake *SyntaxError
			require.ErrorAs(t, err, &mistake)
			require.NotEmpty(t, mistake.Text)
			require.GreaterOrEqual(t, mistake.Position, 0)
			require.LessOrEqual(t, mistake.Position, len(text))
			return
		}
		require.LessOrEqual(t, len(text), MaxLength)
		requireCanonical(t, c)
		require.Equal(t, c.Holds(alice), parse(t, c.String()).Holds(alice))
	})
}

// hugeExponent is in documents that math/big would take too long for.
var hugeExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4}`)

func FuzzHolds(f *testing.F) {
	for i, s := range seeds {
		f.Add(s, alice.claims, alice.user)
		f.Add(s, newDice(uint64(i)).object(3), "a")
		f.Add(s, alice.claims[:300], "-5.5")
	}
	f.Fuzz(func(t *testing.T, text, document, user string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		facts := &client{user: user, claims: document, metadata: map[string]string{"a": document}}
		holds := c.Holds(facts)
		require.Equal(t, holds, c.Holds(facts))
		if codec.ValidJSON([]byte(document)) && !hugeExponent.MatchString(document) {
			require.Equal(t, reference{facts}.holds(c.root), holds)
		}
	})
}
