package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// More sockets than a process can hold get a floor of several, all of which write
// what is published at one of them.
func TestFloorOnSeveralProcesses(t *testing.T) {
	var setup Setup
	assert.Equal(t, 1, setup.floorWorkers(15_000))
	assert.Equal(t, 7, (&Setup{ServerFlag: []string{"--workers=7"}}).floorWorkers(1000), "as many as the server")

	fanout := Fanout{Conns: 300, Rooms: 2, Size: 128, Rate: 50, Duration: 200 * time.Millisecond, Rounds: 1}
	merged := Merged{Conns: 300, Rooms: 2, Size: 128, Batch: 5, Rounds: 2}
	for want, c := range map[uint64]comparison{
		(10/2 + fanoutWarmUp) * 300: fanout.comparison(),
		(2 + 1) * 5 * 300:           merged.comparison(),
	} {
		floor, err := setup.spawnFloor(t.Context(), "floor", "ws://localhost/ws", 31_000)
		require.NoError(t, err)
		assert.Len(t, floor.admin.bases, 3)
		assert.Len(t, family(floor.pid), 3)
		round, err := measureAndClose(t.Context(), &c, floor)
		require.NoError(t, err)
		require.NoError(t, round.failure())
		assert.Equal(t, want, round.Delivered, c.scenario)
		assert.Less(t, round.Receivers, round.Delivered, "the others have some of the sockets")
		assert.LessOrEqual(t, len(family(floor.pid)), 1, "they end with the first")
	}
}
