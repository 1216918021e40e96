package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// A program that has all there is, other nodes, TLS and a subscriber, exports every
// metric of the reference page, and no other.
func TestMetrics_AreThoseOfThePage(t *testing.T) {
	files := newIdentity(t)
	files.write(t, 1, time.Now().Add(time.Hour))
	c := onRedis(t, redistest.Start(t), "--tls-addr=127.0.0.1:0", "--tls-cert="+files.certFile, "--tls-key="+files.keyFile, "--forward=job=client")
	response, err := http.Get(c.admin + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	exported := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (gannet_\S+) (\w+)$`).FindAllStringSubmatch(string(body), -1) {
		exported[line[1]] = line[2]
	}

	page, err := os.ReadFile(filepath.Join("docs", "metrics.md"))
	require.NoError(t, err)
	listed := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(gannet_[a-z_]+)` \\| (\\w+) \\| `?([a-z]*)`? \\|").FindAllStringSubmatch(string(page), -1) {
		name, kind, label := row[1], row[2], row[3]
		listed[name] = kind
		if label != "" {
			assert.Regexp(t, `(?m)^`+name+`(_bucket|_sum|_count)?\{`+label+`="`, string(body))
		}
	}
	assert.Greater(t, len(listed), 50, "the page has to be understood")
	assert.Equal(t, listed, exported)
}
