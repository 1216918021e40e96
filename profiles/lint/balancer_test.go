package lint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait; only a failing test uses it up.
const patience = 15 * time.Second

// node is a gannet that runs.
type node struct {
	*exec.Cmd
	addr, admin string
}

// startNode starts the program on free ports, until the test ends.
func startNode(t *testing.T, program string) *node {
	t.Helper()
	n := &node{Cmd: exec.Command(program, "serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0",
		"--api-key=key", "--log-format=json", "--drain-timeout=1m", "--close-timeout=1m")}
	output, err := n.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, n.Start())
	t.Cleanup(func() { _ = n.Process.Kill(); _ = n.Wait() })
	for log := bufio.NewScanner(output); log.Scan(); {
		var line struct{ URL, Admin string }
		require.NoError(t, json.Unmarshal(log.Bytes(), &line), log.Text())
		if line.URL != "" {
			n.addr = strings.TrimSuffix(strings.TrimPrefix(line.URL, "ws://"), "/ws")
			n.admin = strings.TrimPrefix(line.Admin, "http://")
			go io.Copy(io.Discard, output) //nolint:errcheck
			return n
		}
	}
	t.Fatal("gannet did not start")
	return nil
}

// buildProgram compiles gannet.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gannet")
	build := exec.Command("go", "build", "-o", program, "./cmd/gannet")
	build.Dir = root
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

// freeAddress returns an address of loopback at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// balance starts HAProxy with the configuration of Compose in front of nodes, and
// returns where it listens: only the addresses are others.
func balance(t *testing.T, nodes ...*node) (sockets, api string) {
	t.Helper()
	sockets, api = freeAddress(t), freeAddress(t)
	text := read(t, haproxyFile)
	for template, address := range map[string]func(*node) string{
		"server-template gannet 10 gannet:3000": func(n *node) string { return n.addr },
		"server-template gannet 10 gannet:3001": func(n *node) string { return n.admin },
	} {
		require.Equal(t, 1, strings.Count(text, template))
		var servers strings.Builder
		for i, n := range nodes {
			_, port, err := net.SplitHostPort(n.admin)
			require.NoError(t, err)
			fmt.Fprintf(&servers, "    server gannet%d %s check port %s\n", i+1, address(n), port)
		}
		text = strings.Replace(text, "    "+template+"\n", servers.String(), 1)
	}
	text = strings.NewReplacer("bind :3000", "bind "+sockets, "bind :3001", "bind "+api, "init-addr none resolvers docker", "").Replace(text)
	text = regexp.MustCompile(`maxconn \d+`).ReplaceAllString(text, "maxconn 1000") // as this machine may have few descriptors
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	var output bytes.Buffer
	balancer := exec.Command(haproxy(t), "-db", "-f", path)
	balancer.Stdout, balancer.Stderr = &output, &output
	require.NoError(t, balancer.Start())
	t.Cleanup(func() {
		_ = balancer.Process.Kill()
		_ = balancer.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	return sockets, api
}

// upgrade opens a WebSocket and returns it with the answer's status, 0 when there is
// none.
func upgrade(t *testing.T, address string) (status int, reader *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, nil
	}
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: gannet\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	require.NoError(t, err)
	reader = bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, nil
	}
	return answer.StatusCode, reader
}

// publish sends a message to everybody and returns the status.
func publish(t *testing.T, api, key string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+api+"/api/broadcast", strings.NewReader(`{"type":"t","action":"a"}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-Key", key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// clients returns how many clients a node has.
func (n *node) clients(t *testing.T) (count int32) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+n.admin+"/api/stats", nil)
	require.NoError(t, err)
	request.Header.Set("X-API-Key", "key")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	var stats struct{ Clients int32 }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&stats))
	return stats.Clients
}

// awaitDrain adds one when a client has been sent a close frame with 1012, behind what
// else comes. It returns when the connection ends.
func awaitDrain(client *bufio.Reader, drained *atomic.Int32) {
	for {
		head, err := client.Peek(4)
		if err != nil {
			return
		}
		if bytes.Equal(head, []byte{0x88, 10, 0x03, 0xf4}) {
			drained.Add(1)
		}
		if _, err = client.Discard(2 + int(head[1])); err != nil {
			return
		}
	}
}

// Two nodes behind the balancer: one drains and then dies, and nobody who comes or
// publishes is turned away.
func TestBalancer(t *testing.T) {
	haproxy(t)
	program := buildProgram(t)
	nodes := []*node{startNode(t, program), startNode(t, program)}
	sockets, api := balance(t, nodes...)
	var drained atomic.Int32
	come := func() int {
		status, client := upgrade(t, sockets)
		if status == http.StatusSwitchingProtocols {
			go awaitDrain(client, &drained)
		}
		return status
	}
	require.Eventually(t, func() bool {
		return come() == http.StatusSwitchingProtocols && publish(t, api, "key") == http.StatusOK
	}, patience, 10*time.Millisecond)

	assert.Equal(t, http.StatusUnauthorized, publish(t, api, "wrong"))
	for _, path := range []string{"/metrics", "/debug/pprof/", "/"} {
		answer, err := http.Get("http://" + api + path)
		require.NoError(t, err)
		_ = answer.Body.Close()
		assert.Equal(t, http.StatusNotFound, answer.StatusCode, path)
	}
	allIsWell := func(when string) {
		t.Helper()
		for range 20 {
			require.Equal(t, http.StatusSwitchingProtocols, come(), when)
			require.Equal(t, http.StatusOK, publish(t, api, "key"), when)
		}
	}
	allIsWell("two nodes are there")
	going := nodes[0].clients(t)
	assert.InDelta(t, going, nodes[1].clients(t), 2, "as many on each")

	_, deaf := upgrade(t, nodes[0].addr) // keeps the node from going
	require.NoError(t, nodes[0].Process.Signal(syscall.SIGTERM))
	_, err := io.ReadFull(deaf, make([]byte, 12))
	require.NoError(t, err)
	allIsWell("one drains")
	require.Eventually(t, func() bool { return drained.Load() == going }, patience, 10*time.Millisecond, "its clients are told")
	require.NoError(t, nodes[0].Process.Kill())
	_ = nodes[0].Wait() // until then it may take a connection, and break it off
	allIsWell("one has gone")
}
