package lint

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository, as seen from here.
const root = "../.."

// settingRow is a row of the reference page of settings, which a test of the command
// holds against the code: a flag, its environment variable, its default.
var settingRow = regexp.MustCompile("^\\| `--([a-z0-9-]+)[^`]*` \\| `(GANNET_[A-Z0-9_]+)` \\| `?([^`|]*)`? \\|")

// settings are the defaults of gannet serve by their environment variables.
func settings(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(root + "/cmd/gannet/docs/configuration.md")
	require.NoError(t, err)
	defer file.Close()
	found := map[string]string{"GANNET_CONFIG": ""} // of all commands
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if row := settingRow.FindStringSubmatch(lines.Text()); row != nil {
			found[row[2]] = strings.TrimSpace(row[3])
		}
	}
	require.Greater(t, len(found), 50, "the page has to be understood")
	return found
}

// known makes sure that all variables in our name are settings: the program does not
// complain of one that is not.
func known(t *testing.T, environment map[string]string) {
	t.Helper()
	defaults := settings(t)
	for name := range environment {
		if strings.HasPrefix(name, "GANNET_") {
			assert.Contains(t, defaults, name)
		}
	}
}

// duration returns a setting of an environment, or its default.
func duration(t *testing.T, environment map[string]string, name string) time.Duration {
	t.Helper()
	text, ok := environment[name]
	if !ok {
		text = settings(t)[name]
	}
	value, err := time.ParseDuration(text)
	require.NoError(t, err, name)
	return value
}

// drainFits makes sure that the parts of a drain fit into the whole, or the node would
// not start.
func drainFits(t *testing.T, environment map[string]string) {
	t.Helper()
	parts := duration(t, environment, "GANNET_DRAIN_DELAY") + max(0, duration(t, environment, "GANNET_DRAIN_PERIOD"))
	assert.Less(t, parts, duration(t, environment, "GANNET_DRAIN_TIMEOUT"))
}

// stopTime is what a node may take to stop: the drain with all of its parts, as long for
// handlers, and a moment.
func stopTime(t *testing.T, environment map[string]string) time.Duration {
	t.Helper()
	return 2*duration(t, environment, "GANNET_DRAIN_TIMEOUT") + 10*time.Second
}

func TestSettings(t *testing.T) {
	all := settings(t)
	require.Equal(t, ":3000", all["GANNET_ADDR"])
	require.Equal(t, "", all["GANNET_API_KEY"])
	drainFits(t, nil)
	require.Equal(t, 30*time.Second, stopTime(t, nil))
	require.Equal(t, time.Minute, stopTime(t, map[string]string{"GANNET_DRAIN_TIMEOUT": "25s"}))
}
