package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	logReloaded  = "the settings have been reloaded"
	logUnchanged = "nothing is reloaded: with the settings as they are now gannet would not start"
	logLeft      = "some settings have changed that cannot be reloaded: "
)

// Secrets that are as long as they have to be.
const (
	firstSecret  = "the first secret of thirty-two b"
	secondSecret = "the second secret of thirty-two "
)

// files are those of a test, in a folder of its own.
type files struct {
	t   *testing.T
	dir string
}

func newFiles(t *testing.T) files { return files{t, t.TempDir()} }

func (f files) path(name string) string { return filepath.Join(f.dir, name) }

func (f files) write(name, text string) (path string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(f.path(name), []byte(text), 0o600))
	return f.path(name)
}

// reload sends SIGHUP and returns the log's lines up to one with a message.
func (c *command) reload(t *testing.T, until string) (lines []logLine) {
	t.Helper()
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	for c.log.Scan() {
		var line logLine
		require.NoError(t, json.Unmarshal(c.log.Bytes(), &line))
		lines = append(lines, line)
		if strings.HasPrefix(line.Msg, until) {
			return lines
		}
	}
	t.Fatal("the server has ended")
	return nil
}

// answer is the status of an upgrade with a token.
func (c *command) answer(t *testing.T, token string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http"+strings.TrimPrefix(c.url, "ws"), nil)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Authorization": "Bearer " + token,
	} {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// minted makes a token with gannet token mint.
func minted(t *testing.T, args ...string) string {
	t.Helper()
	token, err := tool(t, append([]string{"token", "mint"}, args...)...)
	require.NoError(t, err)
	return strings.TrimSpace(token)
}

func TestReload_KeysFromTheirFiles(t *testing.T) {
	f := newFiles(t)
	secret, key, public := f.write("secret", firstSecret+"\n"), f.path("private.pem"), f.path("public.pem")
	writeKeys(t, key, public)
	bySecret, byKey := minted(t, "--sub=5", "--jwt-secret-file="+secret), minted(t, "--sub=5", "--private-key-file="+key)
	c := serveCommandLine(t, nil, "--jwt-secret-file="+secret, "--jwt-public-key-file="+public)
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, bySecret))
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, byKey))

	f.write("secret", secondSecret+"\n")
	writeKeys(t, key, public)
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, bySecret), "nobody has said so")
	lines := c.reload(t, logReloaded)
	require.Len(t, lines, 1)
	require.Equal(t, "keys of tokens", lines[0].Changed)
	require.Equal(t, http.StatusUnauthorized, c.answer(t, bySecret))
	require.Equal(t, http.StatusUnauthorized, c.answer(t, byKey))
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, minted(t, "--sub=5", "--jwt-secret-file="+secret)))
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, minted(t, "--sub=5", "--private-key-file="+key)))
	require.Equal(t, "nothing", c.reload(t, logReloaded)[0].Changed)

	f.write("public.pem", "broken")
	failed := c.reload(t, logUnchanged)
	require.Contains(t, failed[0].Error, "jwt-public-key-file holds no PEM block")
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, minted(t, "--sub=5", "--private-key-file="+key)))
}

func TestReload_LogLevelAndWhatNeedsARestart(t *testing.T) {
	f := newFiles(t)
	file := f.write("gannet.yaml", "log-level: info\nmax-rooms: 7\n")
	c := serveCommandLine(t, nil, "--config="+file, "--max-backlog=128KiB")

	f.write("gannet.yaml", "log-level: debug\nmax-rooms: 8\nmax-backlog: 64KiB\nredis-password: not shown\n")
	lines := c.reload(t, logLeft)
	require.Equal(t, "log-level", lines[0].Changed)
	last := lines[len(lines)-1]
	assert.Equal(t, logLeft+"a restart takes them", last.Msg)
	assert.Equal(t, "max-rooms, redis-password", last.Settings, "the command line has said max-backlog")

	f.write("gannet.yaml", "log-level: warn\nmax-rooms: many\n")
	lines = c.reload(t, logUnchanged)
	assert.Contains(t, lines[len(lines)-1].Error, "max-rooms")

	f.write("gannet.yaml", "log-level: warn\nmax-rooms: 9\n")
	lines = c.reload(t, logLeft)
	require.Len(t, lines, 1, "what is not important is not logged from now on")
	assert.Equal(t, "max-rooms", lines[0].Settings)

	f.write("gannet.yaml", "log-level: info\nmax-rooms: 9\n")
	require.Equal(t, "log-level", c.reload(t, logLeft)[0].Changed)
	lines = c.reload(t, logLeft)
	require.Len(t, lines, 1, "nothing has been reloaded, and it does not say so")
	assert.Equal(t, "max-rooms", lines[0].Settings)

	f.write("gannet.yaml", "log-level: debug\nmax-rooms: 7\n")
	require.Equal(t, "log-level", c.reload(t, logReloaded)[0].Changed)
}

// The parent passes the signal on, and each process tells what concerns it.
func TestReload_Workers(t *testing.T) {
	f := newFiles(t)
	secret, file := f.write("secret", firstSecret), f.write("gannet.yaml", "max-rooms: 7\n")
	fleet := newFleet(t, "--config="+file, "--jwt-secret-file="+secret, "--drain-timeout=100ms")
	old := minted(t, "--sub=5", "--jwt-secret-file="+secret)
	c := &command{Cmd: fleet.Cmd, url: fleet.last(0, logServe).URL}
	require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, old))

	f.write("secret", secondSecret)
	f.write("gannet.yaml", "max-rooms: 8\nworker-start-timeout: 2m\n")
	fleet.signal(syscall.SIGHUP)
	const byRoll = logLeft + "SIGUSR2 has the workers replaced by some that take them"
	fleet.await("all have reloaded", func() bool {
		return len(fleet.logged(logReloaded)) == 2 && len(fleet.logged(byRoll)) == 2 && len(fleet.logged(logLeft+"a restart takes them")) == 1
	})
	for k := range 2 {
		require.Equal(t, "keys of tokens", fleet.last(k, logReloaded).Changed)
		require.Equal(t, "max-rooms", fleet.last(k, byRoll).Settings)
	}
	require.Equal(t, "worker-start-timeout", fleet.logged(logLeft + "a restart takes them")[0].Settings)
	fresh := minted(t, "--sub=5", "--jwt-secret-file="+secret)
	for range 20 { // at either worker
		require.Equal(t, http.StatusUnauthorized, c.answer(t, old))
		require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, fresh))
	}

	fleet.signal(syscall.SIGUSR2)
	fleet.await("all have been replaced", func() bool { return len(fleet.logged(logGone)) == 2 })
	fleet.signal(syscall.SIGHUP)
	fleet.await("all have reloaded", func() bool { return len(fleet.logged(logReloaded)) == 4 })
	require.Len(t, fleet.logged(byRoll), 2, "the new workers have all settings")

	f.write("secret", "")
	fleet.signal(syscall.SIGHUP)
	fleet.await("the parent refuses", func() bool { return len(fleet.logged(logUnchanged)) == 1 })
	require.Contains(t, fleet.logged(logUnchanged)[0].Error, "is empty")
}

// A worker that reloads plans its descriptors with as many event loops as it has, which
// on a machine with many CPUs are far fewer than those of one process would be.
func TestReadServe_SharesLoopsAmongWorkers(t *testing.T) {
	cpus := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(cpus) })
	runtime.GOMAXPROCS(256)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	most := fmt.Sprintf("--max-connections=%d", limit.Cur-500)
	read := func(args ...string) (*serveCommand, error) {
		next, _, err := readServe(t.Context(), append([]string{"serve", "--redis-url=redis://127.0.0.1:1", most}, args...))
		return next, err
	}
	next, err := read("--workers=64")
	require.NoError(t, err)
	require.Equal(t, 4, next.Server.Loops)
	next, err = read("--workers=256", "--loops=3")
	require.NoError(t, err)
	require.Equal(t, 3, next.Server.Loops)
	for _, many := range [][]string{{}, {"--workers=2"}, {"--workers=64", "--loops=256"}} {
		_, err = read(many...)
		require.ErrorContains(t, err, "max-connections is", many)
	}
}
