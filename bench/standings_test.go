package bench

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// threeRounds returns rounds of one server whose figures are those of the first
// server times a factor of the round.
func threeRounds(factors ...float64) map[string][]Round {
	rounds := make(map[string][]Round)
	for i, f := range factors {
		moods := []float64{1, 10, 2} // of the machine, the same for all servers
		f *= moods[i]
		rounds["fanout"] = append(rounds["fanout"], Round{CPUPerFrame: 10 * f, UserPerFrame: f, LatencyP99: 1000 * f})
		rounds["merged"] = append(rounds["merged"], Round{CPUPerFrame: f})
		rounds["idle"] = append(rounds["idle"], Round{BytesPerConnection: 600 * f, ConnectionsPerSecond: 20000 * f})
	}
	return rounds
}

func TestStandingsTableHasMediansAndRatiosOfTheSameRound(t *testing.T) {
	s := Standings{Title: "peers", Servers: []Standing{
		{Name: "gannet", Rounds: threeRounds(1, 1, 1)},
		{Name: "peers gws", Rounds: threeRounds(3, 0.5, 1.5)},
	}}
	s.Servers[1].Rounds["idle"][1].Notes = []string{"doubtful"}
	var out bytes.Buffer
	require.NoError(t, s.table(&out))
	lines := strings.Split(out.String(), "\n")
	assert.Equal(t, "peers; rounds: 3; in parentheses the ratio to gannet; *: not all was delivered", lines[0])
	assert.Equal(t, strings.Fields("fanout fanout fanout merged idle idle"), strings.Fields(lines[1]))
	assert.Equal(t, strings.Fields(`gannet 20.00 µs (1.00) 2.00 µs (1.00) 2000 µs (1.00)
		2.00 µs (1.00) 1200 (1.00) 40000 (1.00)`), strings.Fields(lines[3]))
	assert.Equal(t, strings.Fields(`peers gws 30.00 µs (1.50) 3.00 µs (1.50) 3000 µs (1.50)
		3.00 µs (1.50) 1800 (1.50) 60000 (1.50)`), strings.Fields(lines[4]))
	assert.Equal(t, "peers gws, idle, round 2: doubtful", lines[5])
}

func TestStandingsFailWithEveryRoundThatDid(t *testing.T) {
	s := Standings{Servers: []Standing{
		{Name: "gannet", Rounds: threeRounds(1, 1)},
		{Name: "floor", Rounds: threeRounds(1, 1)},
	}}
	require.NoError(t, s.failure())
	s.Servers[1].Rounds["merged"][1].Lost = 3
	s.Servers[1].Rounds["idle"][0].Connections = 1
	err := s.failure()
	require.ErrorIs(t, err, ErrDelivery)
	require.ErrorIs(t, err, ErrConnectionsLost)
	require.ErrorContains(t, err, "floor, merged, round 2: ")
	require.ErrorContains(t, err, "floor, idle, round 1: ")
}

func TestStandingsMarkWhatOtherServersLose(t *testing.T) {
	s := Standings{Servers: []Standing{
		{Name: "gannet", Rounds: threeRounds(1, 1, 1)},
		{Name: "gws", Command: "gws", Rounds: threeRounds(1, 1, 1)},
	}}
	other := s.Servers[1].Rounds
	other["fanout"][0].Lost = 3
	other["merged"][1] = Round{Connections: 10, Notes: []string{"there is no figure: it broke"}}
	other["idle"] = []Round{{Connections: 10}, {Connections: 10}, {Connections: 10}}
	require.NoError(t, s.failure())
	var out bytes.Buffer
	require.NoError(t, s.table(&out))
	lines := strings.Split(out.String(), "\n")
	assert.Equal(t, strings.Fields("gws 20.00 µs* (1.00) 2.00 µs* (1.00) 2000 µs* (1.00) 1.50 µs* (1.00) –* –*"),
		strings.Fields(lines[4]), "the round that failed does not count")
	assert.Contains(t, out.String(), "gws, fanout, round 1: ")
	assert.Contains(t, out.String(), "gws, merged, round 2: there is no figure: it broke")
	assert.Contains(t, out.String(), "gws, idle, round 3: ")
}

func TestCommandName(t *testing.T) {
	for command, want := range map[string]string{
		"bin/peers gws":  "peers gws",
		"/a/b/peers  x ": "peers x",
		"server":         "server",
	} {
		assert.Equal(t, want, commandName(command))
	}
}
