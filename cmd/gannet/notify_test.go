package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// testManager is the socket of a service manager, and what came over it.
type testManager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

// newManager listens for what services tell until the test ends.
func newManager(t *testing.T) *testManager {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // the path of a socket has to be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return listenAt(t, filepath.Join(dir, "s"))
}

func listenAt(t *testing.T, path string) *testManager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &testManager{t: t, conn: conn, path: path}
}

// hears returns the next line.
func (m *testManager) hears() string {
	m.t.Helper()
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(patience)))
	datagram := make([]byte, 4096)
	n, err := m.conn.Read(datagram)
	require.NoError(m.t, err)
	return string(datagram[:n])
}

// hearsUntil returns the lines until there is a certain one.
func (m *testManager) hearsUntil(line string) (before []string) {
	m.t.Helper()
	for {
		heard := m.hears()
		if heard == line {
			return before
		}
		before = append(before, heard)
	}
}

// hearsNothingMore makes sure that nothing has come.
func (m *testManager) hearsNothingMore() {
	m.t.Helper()
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(time.Millisecond)))
	datagram := make([]byte, 4096)
	n, err := m.conn.Read(datagram)
	require.ErrorIs(m.t, err, os.ErrDeadlineExceeded, "it has heard %q", datagram[:n])
}

func TestNotify_AServerServesAndStops(t *testing.T) {
	m := newManager(t)
	c := serveCommandLine(t, []string{"NOTIFY_SOCKET=" + m.path}, "--drain-timeout=1m", "--close-timeout=1m")
	require.Equal(t, "READY=1", m.hears())
	require.Equal(t, http.StatusOK, c.get("/ready"))
	conn, reader, line := c.upgrade(t)
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", line)
	skipHead(t, reader)

	m.hearsNothingMore()
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "STOPPING=1", m.hears())
	require.NoError(t, conn.Close())
	require.NoError(t, c.Wait())
	m.hearsNothingMore()
}

// hearsReload makes sure that a reload is told, with the time of its beginning, and its
// end.
func (m *testManager) hearsReload(since int64) {
	m.t.Helper()
	microseconds, ok := strings.CutPrefix(m.hears(), "RELOADING=1\nMONOTONIC_USEC=")
	require.True(m.t, ok)
	at, err := strconv.ParseInt(microseconds, 10, 64)
	require.NoError(m.t, err)
	require.GreaterOrEqual(m.t, at, since, "systemd takes an earlier one for another reload's")
	require.LessOrEqual(m.t, at, monotonic(m.t))
	require.Equal(m.t, "READY=1", m.hears())
}

// monotonic is the time of the clock that systemd goes by, in microseconds.
func monotonic(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
	return now.Nano() / 1000
}

func TestNotify_Reloads(t *testing.T) {
	f, m := newFiles(t), newManager(t)
	file := f.write("gannet.yaml", "max-rooms: 7")
	c := serveCommandLine(t, []string{"NOTIFY_SOCKET=" + m.path}, "--config="+file)
	require.Equal(t, "READY=1", m.hears())
	for _, text := range []string{"max-rooms: 7", "max-rooms: many"} {
		f.write("gannet.yaml", text)
		since := monotonic(t)
		require.NoError(t, c.Process.Signal(syscall.SIGHUP))
		m.hearsReload(since)
	}
	conn, _ := c.deaf(t)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "STOPPING=1", m.hears())
	require.NoError(t, conn.Close())
	require.NoError(t, c.Wait())
	m.hearsNothingMore()
}

// A service that does not serve yet, or stops, is not ready when it has reloaded.
func TestManager_ReloadsOnlyWhileItServes(t *testing.T) {
	m := newManager(t)
	told := &manager{socket: m.path, log: slog.New(slog.DiscardHandler)}
	reloads := 0
	reload := func() { reloads++ }
	told.around(reload)
	m.hearsNothingMore()
	told.around(func() { told.ready() })
	require.Equal(t, "READY=1", m.hears())
	require.Equal(t, "READY=1", m.hears(), "it reloaded while it became so")
	since := monotonic(t)
	told.around(reload)
	m.hearsReload(since)
	told.around(func() {
		m.hears()
		told.stopping()
	})
	require.Equal(t, "STOPPING=1", m.hears())
	told.around(reload)
	told.ready()
	m.hearsNothingMore()
	var none *manager
	none.around(reload)
	require.Equal(t, 4, reloads)
}

// Linux has sockets that are no files, whose names begin with a zero byte. An @
// stands for it.
func TestNotify_AbstractSocket(t *testing.T) {
	m := listenAt(t, fmt.Sprintf("@gannet-test-%d", os.Getpid()))
	serveCommandLine(t, []string{"NOTIFY_SOCKET=" + m.path})
	require.Equal(t, "READY=1", m.hears())
}

// A service does not end because its manager is away.
func TestNotify_NobodyListens(t *testing.T) {
	m := newManager(t)
	require.NoError(t, m.conn.Close())
	c := serveCommandLine(t, []string{"NOTIFY_SOCKET=" + m.path}, "--drain-timeout=15s", "--close-timeout=15s")
	require.Equal(t, http.StatusOK, c.get("/ready"))
	_, reader, _ := c.upgrade(t)
	skipHead(t, reader)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	for c.log.Scan() && !strings.Contains(c.log.Text(), "STOPPING=1") {
		continue
	}
	require.Contains(t, c.log.Text(), "cannot tell the service manager")
	require.Eventually(t, func() bool { return c.get("/ready") == http.StatusServiceUnavailable }, patience, time.Millisecond, "it drains")
}

func TestNotify_SignsOfLife(t *testing.T) {
	m := newManager(t)
	c := serveCommandLine(t, []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=2000000"}, "--drain-timeout=1m", "--close-timeout=1m")
	m.hearsUntil("READY=1")
	m.hearsUntil("WATCHDOG=1")
	_, reader, _ := c.upgrade(t)
	skipHead(t, reader)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	m.hearsUntil("STOPPING=1")
	m.hearsUntil("WATCHDOG=1") // it drains, and lives
}

func TestFindManager(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	self := fmt.Sprint(os.Getpid())
	for name, test := range map[string]struct {
		socket, process, microseconds string
		want                          time.Duration // -1 for no manager
	}{
		"none":                 {"", "", "", -1},
		"no watchdog":          {"/s", "", "", 0},
		"watchdog":             {"/s", "", "30000000", 30 * time.Second},
		"of this process":      {"/s", self, "30000000", 30 * time.Second},
		"of another process":   {"/s", "1", "30000000", 0},
		"watchdog, no manager": {"", self, "30000000", -1},
		"no number":            {"/s", self, "soon", 0},
		"negative":             {"/s", self, "-5", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NOTIFY_SOCKET", test.socket)
			t.Setenv("WATCHDOG_PID", test.process)
			t.Setenv("WATCHDOG_USEC", test.microseconds)
			m := findManager(log)
			require.Equal(t, test.want < 0, m == nil)
			require.Equal(t, max(0, test.want), m.wantedPulse())
			for _, line := range os.Environ() {
				variable, _, _ := strings.Cut(line, "=")
				require.NotContains(t, []string{"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}, variable)
			}
		})
	}
}

// The parent speaks for all: it is ready when the last worker is.
func TestNotify_Workers(t *testing.T) {
	m := newManager(t)
	t.Setenv("NOTIFY_SOCKET", m.path)
	f := newFleet(t, "--drain-timeout=1m", "--close-timeout=1m")
	require.Equal(t, "READY=1", m.hears())
	for k := range 2 {
		require.Contains(t, f.get(k, "/ready"), `"ready"`)
	}
	for _, pid := range f.pids() {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		require.NoError(t, err)
		require.NotContains(t, string(environment), "NOTIFY_SOCKET")
	}
	deaf := &command{Cmd: f.Cmd, url: f.last(0, logServe).URL}
	conn, reader, _ := deaf.upgrade(t)
	skipHead(t, reader)
	m.hearsNothingMore()
	since := monotonic(t)
	f.signal(syscall.SIGHUP)
	m.hearsReload(since)
	f.signal(syscall.SIGTERM)
	require.Equal(t, "STOPPING=1", m.hears())
	_, err := io.ReadFull(reader, make([]byte, 12))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, f.ends())
}

// A worker that hangs is killed and followed by another; the others, and the
// manager, are spared.
func TestNotify_WorkerHangs(t *testing.T) {
	m := newManager(t)
	t.Setenv("NOTIFY_SOCKET", m.path)
	t.Setenv("WATCHDOG_USEC", "3000000")
	f := newFleet(t)
	m.hearsUntil("READY=1")
	before := f.pids()
	require.NoError(t, syscall.Kill(before[1], syscall.SIGSTOP))
	f.await("it is noticed and killed", func() bool {
		return slices.ContainsFunc(f.logged("worker has ended"), func(line logLine) bool {
			return *line.Worker == 1 && line.Status == "its event loops did not answer, and it was killed"
		})
	})
	f.await("another process serves", func() bool { return f.pids()[1] != before[1] })
	require.Contains(t, f.get(1, "/ready"), `"ready"`)
	m.hearsUntil("WATCHDOG=1")
	f.signal(syscall.SIGTERM)
	require.NoError(t, f.ends())
}
