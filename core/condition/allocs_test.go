package condition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHolds_NoAllocs(t *testing.T) {
	facts := &shared{user: alice.user, claims: []byte(alice.claims), metadata: []byte(alice.metadata["position"])}
	for _, text := range []string{
		`user == 5`, `user < "6"`, `claim:text == premium`, `claim:escaped == "ab\n😀"`, `claim:"ha\ufffdlf"`, `claim:half < 1e2`, `claim:address.geo.lat == 53.1`,
		`claim:text in (a, 5, premium)`, `claim:roles has chief`, `claim:none or claim:void or claim:nothing or claim:yes`, `meta:position.zone == 7`,
		`not (claim:none and claim:yes) and claim:other != a`,
	} {
		c := parse(t, text)
		require.True(t, c.Holds(facts), text)
		require.Zero(t, testing.AllocsPerRun(200, func() { c.Holds(facts) }), text)
	}
}
