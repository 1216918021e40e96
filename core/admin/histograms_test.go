package admin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetrics_Histograms(t *testing.T) {
	n := traffic(t)
	values := n.readMetrics()
	for name, want := range map[string]float64{
		`gannet_fanout_receivers_count`:                                  values["gannet_published_total"],
		`gannet_write_batch_frames_sum`:                                  values["gannet_frames_out_total"],
		`gannet_write_batch_frames_bucket{le="+Inf"}`:                    values["gannet_write_batch_frames_count"],
		`gannet_handler_duration_seconds_count{route="system.joinRoom"}`: 3,
		`gannet_handler_duration_seconds_count{route="system.ping"}`:     0,
	} {
		got, known := values[name]
		assert.True(t, known, name)
		assert.Equal(t, want, got, name)
	}
	assert.NotContains(t, n.get("/metrics").body, `route="no.route"`)
	below := 0.0
	for _, bound := range []string{"0", "1", "10", "100", "1000", "10000", "100000", "1e+06", "+Inf"} {
		got, known := values[`gannet_fanout_receivers_bucket{le="`+bound+`"}`]
		require.True(t, known, bound)
		require.GreaterOrEqual(t, got, below, "each holds those below")
		below = got
	}
	require.Equal(t, values["gannet_fanout_receivers_count"], below)
	require.Zero(t, values[`gannet_fanout_receivers_bucket{le="1"}`])
	require.Equal(t, 3.0, values[`gannet_fanout_receivers_bucket{le="10"}`], "three messages were for two or three clients")
	eventually := func() bool { return n.readMetrics()["gannet_loop_lag_seconds_count"] >= 2 }
	require.Eventually(t, eventually, patience, tick)
	require.Eventually(t, func() bool { // no sample may begin before a second has passed
		n.post("/api/broadcast", hello)
		return n.readMetrics()["gannet_fanout_duration_seconds_count"] >= 1
	}, patience, tick)
}
