package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const haproxyFile = "../compose/haproxy.cfg"

// haproxy returns the path of the program, which make lint-packages installs.
func haproxy(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("HAPROXY"); path != "" {
		return path
	}
	path, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("HAProxy is not there: run make lint-packages")
	}
	return path
}

// directive returns what stands behind a word of the configuration, the only time that
// it stands at the beginning of a line.
func directive(t *testing.T, word string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\s+`+word+` (.+)$`).FindAllStringSubmatch(read(t, haproxyFile), -1)
	require.Len(t, found, 1, word)
	return found[0][1]
}

func TestHAProxy_AcceptsTheConfiguration(t *testing.T) {
	check := exec.Command(haproxy(t), "-c", "-dW", "-f", haproxyFile) // -dW: no warnings either
	output, err := check.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

func TestHAProxy_SuitsTheNodes(t *testing.T) {
	tunnel, err := time.ParseDuration(directive(t, "timeout tunnel"))
	require.NoError(t, err)
	silence := duration(t, nil, "GANNET_PING_INTERVAL") + duration(t, nil, "GANNET_PING_TIMEOUT")
	assert.Greater(t, tunnel, silence, "the node finds out first who has gone")
	fin, err := time.ParseDuration(directive(t, "timeout client-fin"))
	require.NoError(t, err)
	assert.Greater(t, fin, duration(t, nil, "GANNET_CLOSE_TIMEOUT"))

	p := project(t)
	balancer, node := p.Services["balancer"], p.Services["gannet"]
	inter := regexp.MustCompile(`default-server .* inter (\S+) fall 1 `).FindStringSubmatch(read(t, haproxyFile))
	require.Len(t, inter, 2)
	asks, err := time.ParseDuration(inter[1])
	require.NoError(t, err)
	assert.Greater(t, duration(t, environmentOf(node), "GANNET_DRAIN_DELAY"), asks, "it knows before the first client is closed")
	most, err := strconv.Atoi(directive(t, "maxconn"))
	require.NoError(t, err)
	assert.Greater(t, balancer.Ulimits["nofile"].Single, 2*most+1000)

	binds := regexp.MustCompile(`bind :(\d+)`).FindAllStringSubmatch(read(t, haproxyFile), -1)
	require.Len(t, binds, len(balancer.Ports))
	for i, port := range balancer.Ports {
		assert.Equal(t, binds[i][1], strconv.Itoa(int(port.Target)))
	}
	templates := regexp.MustCompile(`server-template gannet (\d+) gannet:(\d+)`).FindAllStringSubmatch(read(t, haproxyFile), -1)
	require.Len(t, templates, 2)
	for i, address := range []string{"GANNET_ADDR", "GANNET_ADMIN_ADDR"} {
		places, err := strconv.Atoi(templates[i][1])
		require.NoError(t, err)
		assert.GreaterOrEqual(t, places, *node.Deploy.Replicas)
		assert.True(t, strings.HasSuffix(settings(t)[address], ":"+templates[i][2]), address)
	}
	assert.Equal(t, filepath.Base(haproxyFile), filepath.Base(balancer.Volumes[0].Source))
}
