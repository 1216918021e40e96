package bus_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestDispatcher_WriteTable(t *testing.T) {
	d := bus.NewDispatcher(quiet)
	for _, s := range []bus.Subscriber{
		{Name: "statusChanges", Channel: bus.Custom, Description: "Tells clients who is online"},
		{Channel: "*", Priority: -1},
		{Name: "segmentTargeting", Match: []bus.Matcher{bus.MatchRegexp(regexp.MustCompile("^analytics:")), bus.MatchProperty("segment", "vip")}},
		{Name: "queueDashboard", Channels: []string{bus.QueueJobCompleted, bus.QueueJobError}, Priority: 20, Description: "Forwards queue\nupdates\tto the live dashboard"},
	} {
		s.Handle = nothing
		require.NoError(t, d.Add(s))
	}
	var table strings.Builder
	require.NoError(t, d.WriteTable(&table))
	lines := strings.Split(table.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	assert.Equal(t, []string{
		`NAME              PRIORITY  TRIGGER                               DESCRIPTION`,
		`queueDashboard    20        (queueJobCompleted or queueJobError)  Forwards queue updates to the live dashboard`,
		`statusChanges     0         custom                                Tells clients who is online`,
		`segmentTargeting  0         (/^analytics:/ or segment = "vip")`,
		`subscriber 2      -1        *`,
		``,
	}, lines)
	assert.ErrorIs(t, d.WriteTable(broken{}), errBroken)
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
