package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// askHealth runs gannet health and returns what it prints.
func askHealth(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	parser, err := newParser(context.Background(), &struct {
		Health healthCommand `cmd:""`
	}{}, &out)
	require.NoError(t, err)
	parsed, err := parser.Parse(append([]string{"health"}, args...))
	require.NoError(t, err)
	err = parsed.Run()
	return out.String(), err
}

func TestHealth_OfANode(t *testing.T) {
	c := serveCommandLine(t, []string{"GANNET_API_KEY=key of the test"}, "--drain-timeout=1m", "--close-timeout=1m")
	address := strings.TrimPrefix(c.admin, "http://")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	for _, listens := range []string{address, ":" + port, "0.0.0.0:" + port, "localhost:" + port} {
		printed, err := askHealth(t, "--admin-addr="+listens)
		require.NoError(t, err, listens)
		require.Equal(t, "ready\n", printed, listens)
	}

	conn, reader, _ := c.upgrade(t) // does not answer the close frame
	skipHead(t, reader)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	_, err = io.ReadFull(reader, make([]byte, 12))
	require.NoError(t, err)
	printed, err := askHealth(t, "--admin-addr="+address)
	require.EqualError(t, err, "the node at "+address+" is not ready: Server is draining")
	require.Empty(t, printed)

	require.NoError(t, conn.Close())
	require.NoError(t, c.Wait())
	_, err = askHealth(t, "--admin-addr="+address)
	require.ErrorContains(t, err, "cannot reach the node")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// Probes know nothing but the status.
func TestHealth_IsTheExitStatus(t *testing.T) {
	c := serveCommandLine(t, nil)
	address := strings.TrimPrefix(c.admin, "http://")
	file := filepath.Join(t.TempDir(), "gannet.yaml")
	require.NoError(t, os.WriteFile(file, []byte("admin-addr: "+address+"\n"), 0o600))
	for name, test := range map[string]struct {
		setting string
		status  int
	}{
		"from the environment": {"GANNET_ADMIN_ADDR=" + address, 0},
		"from the file":        {"GANNET_CONFIG=" + file, 0},
		"nobody is there":      {"GANNET_ADMIN_ADDR=127.0.0.1:1", 1},
	} {
		health := exec.Command(os.Args[0], "health")
		health.Env = append(os.Environ(), "GANNET_TEST_AS_COMMAND=1", test.setting)
		_ = health.Run()
		require.Equal(t, test.status, health.ProcessState.ExitCode(), name)
	}
}

// adjacentListeners returns listeners on two ports of which one follows the other. They
// are below those that the kernel gives to connections, which are many on a busy machine.
func adjacentListeners(t *testing.T) (first, second net.Listener) {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.N(10_000)
		first, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = first.Close() })
		second, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = second.Close() })
		return first, second
	}
	t.Fatal("no two ports in a row are free")
	return nil, nil
}

// Workers have their admin listeners on ports that follow each other.
func TestHealth_OfWorkers(t *testing.T) {
	first, second := adjacentListeners(t)
	answer := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	go func() { _ = http.Serve(first, answer(http.StatusOK)) }()
	go func() { _ = http.Serve(second, answer(http.StatusServiceUnavailable)) }()
	address := "--admin-addr=" + first.Addr().String()
	_, err := askHealth(t, address)
	require.NoError(t, err, "one is asked")
	_, err = askHealth(t, address, "--workers=2")
	require.EqualError(t, err, "the node at "+second.Addr().String()+" is not ready: 503 Service Unavailable")
}

func TestHealth_Refuses(t *testing.T) {
	for _, test := range []struct{ args, because string }{
		{"--admin-addr=nowhere", `admin-addr is "nowhere": it is HOST:PORT`},
		{"--admin-addr=http://127.0.0.1:3001", "it is HOST:PORT"},
		{"--workers=0", "workers must be above zero"},
		{"--workers=-1", "workers"},
		{"--timeout=1ns", "deadline exceeded"},
	} {
		require.ErrorContains(t, run(context.Background(), []string{"health", test.args}), test.because)
	}
}
