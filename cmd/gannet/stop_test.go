package main

import (
	"encoding/json"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stop says by what signal it begins, and at its end that it is one, clients or not.
func TestServe_LogsItsStop(t *testing.T) {
	type line struct {
		Level, Msg, Signal string
		Duration           *int64
	}
	for _, clients := range []int{0, 1} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			c := serveCommandLine(t, nil, "--close-timeout=50ms")
			for range clients {
				c.deaf(t)
			}
			require.NoError(t, c.Process.Signal(signal))
			var lines []line
			for c.log.Scan() {
				var next line
				require.NoError(t, json.Unmarshal(c.log.Bytes(), &next))
				lines = append(lines, next)
			}
			require.NoError(t, c.Wait())
			require.Len(t, lines, 2+clients, "the core tells of clients")
			require.Equal(t, line{"INFO", "stopping", signal.String(), nil}, lines[0])
			last := lines[len(lines)-1]
			require.Equal(t, "stopped", last.Msg)
			require.Equal(t, "INFO", last.Level)
			require.NotNil(t, last.Duration)
		}
	}
}

// One who cannot start has not stopped.
func TestServe_DoesNotLogAStopWithoutOne(t *testing.T) {
	ended := program(t, "", nil, "serve", "--path=ws")
	require.Equal(t, 1, ended.status)
	require.NotContains(t, ended.stderr, "stopp")
}
