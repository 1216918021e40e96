package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/unit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const unitFile = "../systemd/gannet.service"

// service returns the last value of each entry in the unit's section Service.
func service(t *testing.T) map[string]string {
	t.Helper()
	sections, err := unit.DeserializeSections(strings.NewReader(read(t, unitFile)))
	require.NoError(t, err)
	entries := map[string]string{}
	for _, section := range sections {
		assert.Contains(t, []string{"Unit", "Service", "Install"}, section.Section)
		for _, entry := range section.Entries {
			if section.Section == "Service" {
				entries[entry.Name] = entry.Value
			}
		}
	}
	return entries
}

// span returns an entry that is a time.
func span(t *testing.T, name string) time.Duration {
	t.Helper()
	value, err := time.ParseDuration(service(t)[name])
	require.NoError(t, err, name)
	return value
}

func TestSystemd_Unit(t *testing.T) {
	entries := service(t)
	assert.Equal(t, "notify", entries["Type"])
	assert.Equal(t, "/bin/kill -HUP $MAINPID", entries["ExecReload"])
	assert.Equal(t, "-/etc/gannet/gannet.env", entries["EnvironmentFile"])
	assert.Contains(t, entries["RestrictAddressFamilies"], "AF_UNIX", "or systemd cannot be told")
	assert.NotContains(t, entries, "ProcSubset", "or the queue of the listener would be short")
	assert.NotContains(t, entries, "MemoryDenyWriteExecute")
	assert.GreaterOrEqual(t, span(t, "TimeoutStopSec"), stopTime(t, nil), "a drain is not cut off")
	assert.GreaterOrEqual(t, span(t, "TimeoutStartSec"), 2*duration(t, nil, "GANNET_WORKER_START_TIMEOUT"))
	assert.Positive(t, span(t, "WatchdogSec"))
}

func TestSystemd_Environment(t *testing.T) {
	lines := regexp.MustCompile(`(?m)^#?(GANNET_[A-Z_]+)=(.*)$`).FindAllStringSubmatch(read(t, "../systemd/gannet.env"), -1)
	require.Greater(t, len(lines), 5)
	environment := map[string]string{}
	for _, line := range lines {
		environment[line[1]] = line[2]
	}
	known(t, environment)
	for _, name := range []string{"GANNET_ADDR", "GANNET_ADMIN_ADDR", "GANNET_DRAIN_TIMEOUT", "GANNET_DRAIN_DELAY"} {
		assert.Equal(t, settings(t)[name], environment[name], "an example shows the default")
	}
}

// analyze runs systemd-analyze upon the unit, with a program that is there, and returns
// what it says.
func analyze(t *testing.T, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not there")
	}
	program, err := os.Executable()
	require.NoError(t, err)
	text := strings.ReplaceAll(read(t, unitFile), "/usr/local/bin/gannet", program)
	path := filepath.Join(t.TempDir(), "gannet.service")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	output, err := exec.Command(tool, append(args, path)...).CombinedOutput()
	require.NoError(t, err, "%s", output)
	return string(output)
}

func TestSystemd_Verify(t *testing.T) {
	assert.NotContains(t, analyze(t, "verify"), "gannet.service", "a complaint")
}

// Of ten points of exposure it has 1.4, in systemd 252. One without any line against it
// has 9.6.
func TestSystemd_Exposure(t *testing.T) {
	analyze(t, "security", "--offline=yes", "--no-pager", "--threshold=15")
}
