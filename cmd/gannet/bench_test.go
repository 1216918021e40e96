package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bench"
)

// TestBench_EveryMessageArrives drives the real server with the load generator,
// which fails when a message is lost, repeated or out of order.
func TestBench_EveryMessageArrives(t *testing.T) {
	for scenario, args := range map[string][]string{
		"fanout": {"--spawn", "--no-floor", "--conns=2000", "--rooms=4", "--rate=20", "--duration=2s", "--conns-per-process=700"},
		"merged": {"--spawn", "--no-floor", "--conns=500", "--rounds=5"},
		"flood":  {"--spawn", "--no-floor", "--conns=500", "--rooms=2", "--flood", "--duration=1s"},
		"echo":   {"--spawn", "--conns=500", "--duration=1s"},
		"echo of users": {
			"--spawn", "--no-floor", "--conns=500", "--duration=1s", "--conns-per-process=200",
			"--token-secret=0123456789abcdef0123456789abcdef", "--server-flag=--require-auth",
		},
		"rooms":   {"--spawn", "--no-floor", "--conns=500", "--rooms=50", "--every=500ms", "--duration=2s"},
		"cluster": {"--flood", "--conns=1000", "--rooms=300", "--duration=2s", "--conns-per-process=400"},
		"floor":   {"--conns=500", "--duration=1s", "--bursts=5"},
		"storm":   {"--spawn", "--conns=1000", "--rooms=20", "--conns-per-process=400"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Setenv("GANNET_TEST_AS_COMMAND", "1") // for the servers that it starts
			report := filepath.Join(t.TempDir(), "report.json")
			page := filepath.Join(t.TempDir(), "report.html")
			scenario, _, _ = strings.Cut(strings.Replace(scenario, "flood", "fanout", 1), " ")
			args := append([]string{"bench", scenario, "--json=" + report, "--report=" + page}, args...)
			require.NoError(t, run(context.Background(), args))
			raw, err := os.ReadFile(report)
			require.NoError(t, err)
			var measured bench.Report
			require.NoError(t, json.Unmarshal(raw, &measured))
			require.Len(t, measured.Server, 1)
			assert.NotZero(t, measured.Server[0].Delivered)
			assert.FileExists(t, page)
		})
	}
}

// With compression the same messages arrive, in fewer bytes, and the floor, which has
// none, tells how many they would be.
func TestBench_Compression(t *testing.T) {
	t.Setenv("GANNET_TEST_AS_COMMAND", "1")
	report := filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, run(context.Background(), []string{
		"bench", "fanout", "--spawn", "--compression", "--size=1024", "--conns=300", "--rooms=3", "--rate=30",
		"--duration=1s", "--conns-per-process=200", "--json=" + report,
	}))
	raw, err := os.ReadFile(report)
	require.NoError(t, err)
	var measured bench.Report
	require.NoError(t, json.Unmarshal(raw, &measured))
	server, floor := measured.Server[0], measured.Floor[0]
	assert.Equal(t, server.Delivered, server.Compressed)
	assert.Less(t, server.BytesPerDelivery, 700.0)
	assert.Zero(t, floor.Compressed)
	assert.InDelta(t, 1028, floor.BytesPerDelivery, 1, "a header of four bytes")
	assert.NotContains(t, strings.Join(server.Notes, " "), "compressed")
}

// What is empty on the command line is something else than what is not there, and
// commas and braces are text.
func TestBench_DialectFlags(t *testing.T) {
	parse := func(args ...string) bench.Dialect {
		var c cli
		parser, err := newParser(context.Background(), &c, os.Stdout)
		require.NoError(t, err)
		_, err = parser.Parse(append([]string{"bench", "echo"}, args...))
		require.NoError(t, err)
		return c.Bench.Echo.Dialect
	}
	assert.Equal(t, bench.Dialect{}, parse())
	none := ""
	assert.Equal(t, bench.Dialect{Hello: []string{""}, Ready: &none}, parse("--hello=", "--ready", ""))
	const hello = `{"id":1,"connect":{"a":"{room}"}}`
	assert.Equal(t, bench.Dialect{Hello: []string{hello, "40"}, PublishHeader: []string{"A: b, c"}},
		parse("--hello", hello, "--hello=40", "--publish-header", "A: b, c"))
}
