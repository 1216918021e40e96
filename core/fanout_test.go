package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestFanout_IsMeasured(t *testing.T) {
	for name, target := range map[string]core.Target{"all": core.All(), "room": core.Room("r"), "rooms": core.Rooms("r", "s")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t, core.Options{Loops: 2})
			for range 4 {
				member(t, server, "r")
			}
			require.Zero(t, server.Glance().Fanout)
			began := time.Now()
			var f core.Fanout
			eventually(t, func() bool {
				_, err := server.Publish(note{"x", 0}.to(target))
				require.NoError(t, err)
				f = server.Glance().Fanout
				return f.Samples >= 3
			}, "messages are measured")
			assert.Positive(t, f.P50Seconds)
			assert.GreaterOrEqual(t, f.P99Seconds, f.P50Seconds)
			assert.GreaterOrEqual(t, f.MaxSeconds, f.P99Seconds)
			assert.Less(t, f.MaxSeconds, time.Since(began).Seconds())
			h := server.Stats().Histograms.FanOutTimes
			assert.GreaterOrEqual(t, h.Count(), uint64(f.Samples))
			assert.GreaterOrEqual(t, h.Sum, f.MaxSeconds)
		})
	}
}

// What reaches nobody is no fan-out.
func TestFanout_NobodyIsNotMeasured(t *testing.T) {
	server := start(t, core.Options{})
	member(t, server, "r")
	eventually(t, func() bool {
		_, err := server.Publish(note{"x", 0}.to(core.Room("none")))
		require.NoError(t, err)
		return server.Glance().Published > 0
	}, "a second has passed")
	assert.Zero(t, server.Glance().Fanout)
}

// It is the last of the loops that counts.
func TestFanout_SlowestLoop(t *testing.T) {
	t.Parallel()
	server, stuck, free, release := busyLoop(t, core.Options{})
	sent := 0
	eventually(t, func() bool { // until a sample is under way, which takes a second
		_, err := server.Publish(note{"x", sent}.to(core.Room("r")))
		require.NoError(t, err)
		sent++
		return server.Glance().LagSeconds > 1.5
	}, "the loop stands still")
	assert.Zero(t, server.Glance().Fanout, "no message has reached the last yet")
	free.receiveNotes("x", 0, sent)
	release()
	stuck.receive() // the handler's reply
	eventually(t, func() bool { return server.Glance().Fanout.Samples > 0 }, "it goes on")
	assert.Greater(t, server.Glance().Fanout.MaxSeconds, 0.3)
}

// Samples of an earlier run are none of the next.
func TestFanout_NewRun(t *testing.T) {
	t.Parallel()
	server := newServer(t, core.Options{})
	stop := run(t, server)
	member(t, server, "r")
	eventually(t, func() bool {
		_, err := server.Publish(note{"x", 0}.to(core.Room("r")))
		require.NoError(t, err)
		return server.Glance().Fanout.Samples > 0
	}, "a message is measured")
	require.NoError(t, stop())
	assert.Zero(t, server.Glance().Fanout)
}
