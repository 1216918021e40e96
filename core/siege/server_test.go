package siege_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// server is the program under attack, a process of its own, so that its memory can
// be told from the attackers'.
type server struct {
	target
	t       *testing.T
	process *exec.Cmd
	ended   chan struct{}
	log     string
}

// target is where a server listens.
type target struct {
	addr  string // for plain WebSockets
	tls   string // for those over TLS
	admin string
}

// build builds the program as users have it, but for what flags of go build change.
func build(t *testing.T, flags ...string) (program string) {
	program = filepath.Join(t.TempDir(), "gannet")
	flags = append([]string{"build", "-trimpath", "-o", program}, flags...)
	command := exec.Command("go", append(flags, "github.com/gannet-ws/gannet/cmd/gannet")...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
	return program
}

// startServer starts the program until the test ends.
func startServer(t *testing.T, program string, a *attack) *server {
	s := &server{
		target: target{addr: freePort(t), tls: freePort(t), admin: freePort(t)}, t: t,
		ended: make(chan struct{}), log: filepath.Join(t.TempDir(), "log"),
	}
	log, err := os.Create(s.log)
	require.NoError(t, err)
	defer log.Close()
	flags := append([]string{"serve", "--addr", s.addr, "--admin-addr", s.admin, "--drain-timeout", "1s", "--drain-period", "500ms"}, a.flags...)
	if a.tls {
		certificate, key := selfSigned(t)
		flags = append(flags, "--tls-addr", s.tls, "--tls-cert", certificate, "--tls-key", key)
	}
	limit := "true"
	if a.descriptors > 0 {
		limit = fmt.Sprintf("ulimit -n %d", a.descriptors)
	}
	s.process = exec.Command("/bin/sh", append([]string{"-c", limit + ` && exec "$0" "$@"`, program}, flags...)...)
	s.process.Stdout, s.process.Stderr = log, log
	s.process.Env = append(os.Environ(), a.environment...)
	require.NoError(t, s.process.Start())
	go func() {
		_ = s.process.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.process.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(patience):
			_ = s.process.Process.Kill()
			<-s.ended
		}
	})
	require.Eventually(t, s.ready, patience, 10*time.Millisecond, "it gets ready")
	require.True(t, s.alive(), s.said())
	return s
}

// freePort returns an address on which nobody listens.
func freePort(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func (s *server) ready() bool {
	if !s.alive() {
		return true // to fail at once
	}
	_, status, err := s.get("/ready")
	return err == nil && status == http.StatusOK
}

func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// said is the end of what the program has logged.
func (s *server) said() string {
	text, _ := os.ReadFile(s.log)
	return string(text[max(0, len(text)-8<<10):])
}

// administer speaks to the admin listener, which an attack does not reach.
var administer = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 4, DisableKeepAlives: true}}

func (s *server) get(path string) (body []byte, status int, err error) {
	answer, err := administer.Get("http://" + s.admin + path)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return body, answer.StatusCode, err
}

// post publishes, and reports whether it was taken.
func (s target) post(path, body string) bool {
	answer, err := administer.Post("http://"+s.admin+path, "application/json", strings.NewReader(body))
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode == http.StatusOK
}

func (s *server) stats() (stats core.Stats) {
	s.t.Helper()
	body, status, err := s.get("/api/stats")
	require.NoError(s.t, err, s.said())
	require.Equal(s.t, http.StatusOK, status)
	require.NoError(s.t, json.Unmarshal(body, &stats))
	return stats
}

// status reads a figure of the process from the kernel, in bytes.
func (s *server) status(name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	require.NoError(s.t, err)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			require.NoError(s.t, err)
			return n << 10
		}
	}
	s.t.Fatalf("the kernel does not tell %s", name)
	return 0
}

// settledMemory is the resident memory once garbage has been collected.
func (s *server) settledMemory() int64 {
	s.collect()
	return s.status("VmRSS:")
}

func (s *server) collect() { _, _, _ = s.get("/debug/pprof/heap?gc=1") }

func (s *server) peakMemory() int64 { return s.status("VmHWM:") }

// forgetPeak has the kernel begin anew with the most that is resident.
func (s *server) forgetPeak() {
	path := fmt.Sprintf("/proc/%d/clear_refs", s.process.Process.Pid)
	require.NoError(s.t, os.WriteFile(path, []byte("5"), 0o200))
}

// memoryComesBack waits for the runtime, which gives memory back piece by piece,
// and returns what is resident then.
func (s *server) memoryComesBack(before int64) (now int64) {
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		now = s.settledMemory()
		if now <= allowed(before) || time.Now().After(deadline) {
			return now
		}
	}
}
