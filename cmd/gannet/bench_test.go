package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bench"
)

// TestBench_EveryMessageArrives drives the real server with the load generator,
// which fails when a message is lost, repeated or out of order.
func TestBench_EveryMessageArrives(t *testing.T) {
	for scenario, args := range map[string][]string{
		"fanout":  {"--spawn", "--no-floor", "--conns=2000", "--rooms=4", "--rate=20", "--duration=2s"},
		"merged":  {"--spawn", "--no-floor", "--conns=500", "--rounds=5"},
		"cluster": {"--flood", "--conns=1000", "--rooms=300", "--duration=2s"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Setenv("GANNET_TEST_AS_COMMAND", "1") // for the servers that it starts
			report := filepath.Join(t.TempDir(), "report.json")
			args := append([]string{"bench", scenario, "--json=" + report}, args...)
			require.NoError(t, run(context.Background(), args))
			raw, err := os.ReadFile(report)
			require.NoError(t, err)
			var measured bench.Report
			require.NoError(t, json.Unmarshal(raw, &measured))
			require.Len(t, measured.Server, 1)
			assert.Equal(t, scenario, measured.Scenario)
			t.Logf("%+v", measured.Server[0])
		})
	}
}
