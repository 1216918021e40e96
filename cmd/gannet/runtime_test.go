package main

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metrics returns those of the process.
func (c *command) metrics(t *testing.T) string {
	t.Helper()
	response, err := http.Get(c.admin + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

func TestRuntime_SettingsOfTheProcess(t *testing.T) {
	tests := map[string]struct {
		args, environment []string
		percent           int
		limit             string
	}{
		"Go's":             {percent: 100, limit: "9.223372036854776e+18"},
		"flags":            {args: []string{"--gc-percent=37", "--memory-limit=128MiB"}, percent: 37, limit: "1.34217728e+08"},
		"Go's environment": {environment: []string{"GOGC=51", "GOMEMLIMIT=64MiB"}, percent: 51, limit: "6.7108864e+07"},
		"flags before it":  {args: []string{"--gc-percent=37"}, environment: []string{"GOGC=51", "GOMEMLIMIT=64MiB"}, percent: 37, limit: "6.7108864e+07"},
		"a profile":        {args: []string{"--profile=massive"}, percent: 10, limit: "9.223372036854776e+18"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			environment := append([]string{"GOGC=", "GOMEMLIMIT="}, test.environment...)
			metrics := serveCommandLine(t, environment, test.args...).metrics(t)
			assert.Contains(t, metrics, fmt.Sprintf("\ngo_gc_gogc_percent %d\n", test.percent))
			assert.Contains(t, metrics, fmt.Sprintf("\ngo_gc_gomemlimit_bytes %s\n", test.limit))
		})
	}
}

func TestRuntime_RefusesWhatCannotBe(t *testing.T) {
	for flag, want := range map[string]string{
		"--gc-percent=-1":       "gc-percent is -1: it is above zero, or 0 for what Go does",
		"--memory-limit=512":    "memory-limit is 512: it is at least 16MiB, or 0 for none",
		"--memory-limit=16383K": "is not a size",
	} {
		err := runBriefly("serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", flag)
		require.ErrorContains(t, err, want, flag)
	}
}

// The settings, also those of a profile, are those of each worker.
func TestRuntime_SettingsOfWorkers(t *testing.T) {
	f := newFleet(t, "--profile=small", "--gc-percent=44")
	for k := range 2 {
		metrics := f.get(k, "/metrics")
		require.Contains(t, metrics, "\ngo_gc_gogc_percent 44\n")
		require.Contains(t, metrics, "\ngo_gc_gomemlimit_bytes 4.194304e+08\n")
	}
}
