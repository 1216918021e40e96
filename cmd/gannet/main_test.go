package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is gannet itself where a test starts it as another process.
func TestMain(m *testing.M) {
	if os.Getenv("GANNET_TEST_AS_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const patience = 15 * time.Second

// command is a gannet that runs in another process.
type command struct {
	*exec.Cmd
	url, admin, node string
	log              *bufio.Scanner
}

// serveCommandLine starts gannet serve on free ports and waits until it serves. When it
// stops it closes its clients at once, unless the arguments say otherwise.
func serveCommandLine(t *testing.T, environment []string, args ...string) *command {
	t.Helper()
	args = append([]string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--log-format=json", "--drain-period=-1s"}, args...)
	c := &command{Cmd: exec.Command(os.Args[0], args...)}
	c.Env = append(append(os.Environ(), "GANNET_TEST_AS_COMMAND=1"), environment...)
	output, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	c.log = bufio.NewScanner(output)
	for c.log.Scan() {
		var line struct{ URL, Admin, Node string }
		require.NoError(t, json.Unmarshal(c.log.Bytes(), &line), "every line is JSON: %s", c.log.Text())
		if c.url, c.admin, c.node = line.URL, line.Admin, line.Node; c.url != "" {
			return c
		}
	}
	t.Fatal("gannet did not start")
	return nil
}

// get returns the status of an admin request, 0 when nobody answers.
func (c *command) get(path string) int {
	response, err := http.Get(c.admin + path)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// upgrade opens a socket and returns it with the answer's first line.
func (c *command) upgrade(t *testing.T) (net.Conn, *bufio.Reader, string) {
	host, path, _ := strings.Cut(strings.TrimPrefix(c.url, "ws://"), "/")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, host)
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	return conn, reader, strings.TrimSpace(line)
}

// skipHead reads the rest of an answer's head.
func skipHead(t *testing.T, reader *bufio.Reader) {
	for {
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		if line == "\r\n" {
			return
		}
	}
}

func TestServe_DrainsAtSIGTERM(t *testing.T) {
	c := serveCommandLine(t, nil, "--drain-timeout=10s")
	require.Equal(t, http.StatusOK, c.get("/ready"))
	conn, reader, line := c.upgrade(t)
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", line)
	skipHead(t, reader)
	for idle, answer := range map[syscall.Signal]string{
		syscall.SIGHUP:  `"the settings have been reloaded","changed":"nothing"`,
		syscall.SIGUSR2: "one process is not replaced",
	} {
		require.NoError(t, c.Process.Signal(idle))
		require.True(t, c.log.Scan(), "the server goes on")
		require.Contains(t, c.log.Text(), answer)
	}

	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	// 1012, "draining", and the connection stays until its peer has answered.
	frame := make([]byte, 12)
	_, err := reader.Read(frame)
	require.NoError(t, err)
	assert.Equal(t, "\x88\x0a\x03\xf4draining", string(frame))
	assert.Equal(t, http.StatusServiceUnavailable, c.get("/ready"))
	assert.Equal(t, http.StatusOK, c.get("/health"))

	late, lateReader, refused := c.upgrade(t)
	assert.Equal(t, "HTTP/1.1 503 Service Unavailable", refused)
	var head strings.Builder
	_, _ = lateReader.WriteTo(&head)
	assert.Contains(t, head.String(), "Retry-After: 1\r\n")
	assert.Contains(t, head.String(), `"code":"DRAINING"`)
	_ = late.Close()

	_ = conn.Close()
	require.NoError(t, c.Wait(), "exit status 0")
}

func TestServe_DrainTimeoutBoundsTheWait(t *testing.T) {
	c := serveCommandLine(t, nil, "--drain-timeout=200ms", "--close-timeout=1h")
	c.upgrade(t) // and never answers
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	require.NoError(t, c.Wait(), "exit status 0")
}

func TestServe_SettingsFromFileEnvironmentAndFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gannet.yaml")
	require.NoError(t, os.WriteFile(file, []byte("path: /file\nmax-rooms: 7\nclient-publish: true\nping-interval: 45s\nmax-backlog: 128KiB\n"), 0o600))
	c := serveCommandLine(t, []string{"GANNET_MAX_ROOMS=8", "GANNET_PATH=/environment"}, "--config="+file, "--path=/flag")
	assert.True(t, strings.HasSuffix(c.url, "/flag"), c.url)
}

func TestServe_SettingsOfAdmission(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gannet.yaml")
	settings := "allowed-origins: [https://*.example.com, 'http://localhost:3000']\nsubprotocols: [chat.v2, chat.v1]\nmax-connections-per-address: 1\n"
	require.NoError(t, os.WriteFile(file, []byte(settings), 0o600))
	c := serveCommandLine(t, []string{"GANNET_PROXY_PROTOCOL=require"}, "--config="+file,
		"--trusted-proxies=127.0.0.0/8,unix", "--max-accept-rate=1000000", "--max-handshakes=100", "--max-request-head=4KiB", "--admin-hosts=ops,gannet")
	for _, tt := range []struct{ header, line, want string }{
		{"", "Origin: https://a.example.com", "HTTP/1.1 400 Bad Request"},
		{"PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n", "Origin: https://example.com", "HTTP/1.1 403 Forbidden"},
		{"PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n", "Origin: http://localhost:3000", "HTTP/1.1 101 Switching Protocols"},
		{"PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n", "Origin: http://localhost:3000", "HTTP/1.1 429 Too Many Requests"},
		{"PROXY UNKNOWN\r\n", "X-Forwarded-For: 192.0.2.1", "HTTP/1.1 429 Too Many Requests"},
		{"PROXY UNKNOWN\r\n", "X-Forwarded-For: 192.0.2.2", "HTTP/1.1 101 Switching Protocols"},
		{"PROXY UNKNOWN\r\n", "X: " + strings.Repeat("x", 4<<10), "HTTP/1.1 431 Request Header Fields Too Large"},
	} {
		answer := c.request(t, tt.header, tt.line)
		assert.Equal(t, tt.want, answer, tt.line)
	}
}

// request asks for an upgrade behind a PROXY header, and returns the answer's first
// line. The connection stays open until the test ends.
func (c *command) request(t *testing.T, header, line string) string {
	host, path, _ := strings.Cut(strings.TrimPrefix(c.url, "ws://"), "/")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "%sGET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n\r\n", header, path, host, line)
	require.NoError(t, err)
	answer, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(answer)
}

func TestServe_WrongSettingsAreRefusedWithASentence(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	tests := map[string]struct {
		args []string
		want []string
	}{
		"unknown flag":       {[]string{"--max-room=5"}, []string{"unknown flag --max-room", "max-rooms"}},
		"not a number":       {[]string{"--max-rooms=many"}, []string{"--max-rooms", "many"}},
		"not a size":         {[]string{"--max-backlog=1MB"}, []string{"max-backlog", `"1MB" is not a size`}},
		"not a duration":     {[]string{"--ping-interval=30"}, []string{"ping-interval", "30"}},
		"not a choice":       {[]string{"--slow-consumer=wait"}, []string{"--slow-consumer", "close", "skip"}},
		"zero":               {[]string{"--max-rooms=0"}, []string{"max-rooms must be above zero"}},
		"zero duration":      {[]string{"--ping-interval=0s"}, []string{"ping-interval cannot be 0: it is above zero, or negative (never)"}},
		"too long":           {[]string{"--ping-timeout=600h"}, []string{"600h", "too long"}},
		"drain too short":    {[]string{"--drain-period=5s", "--drain-timeout=3s"}, []string{"drain-period is 5s and drain-delay 0s", "drain-timeout, which is 3s"}},
		"drain delay":        {[]string{"--drain-delay=-1s"}, []string{"drain-delay is -1s"}},
		"negative":           {[]string{"--max-rooms=-1"}, []string{"max-rooms must be above zero"}},
		"path":               {[]string{"--path=ws"}, []string{`path "ws" must begin with a slash`}},
		"loops":              {[]string{"--loops=300"}, []string{"loops is 300"}},
		"too many":           {[]string{"--max-connections=100000000"}, []string{"max-connections is 100000000", "descriptor limit", "ulimit -n"}},
		"address":            {[]string{"--addr=localhost:99999"}, []string{`addr is "localhost:99999": a port is 0 to 65535`}},
		"origin":             {[]string{"--allowed-origins=https://example.com,example.com"}, []string{`allowed-origins has "example.com"`, "https://*.example.com"}},
		"proxies":            {[]string{"--trusted-proxies=10.0.0.0/8,localhost"}, []string{`trusted-proxies has "localhost"`}},
		"PROXY mode":         {[]string{"--proxy-protocol=on"}, []string{"--proxy-protocol", "accept", "require"}},
		"head":               {[]string{"--max-request-head=1MiB"}, []string{"max-request-head is 1MiB", "64KiB"}},
		"handshakes":         {[]string{"--max-handshakes=0"}, []string{"max-handshakes must be above zero"}},
		"admin hosts":        {[]string{"--admin-hosts=ops:3001"}, []string{`admin-hosts has "ops:3001"`}},
		"admin address":      {[]string{"--admin-addr=nowhere"}, []string{`admin-addr is "nowhere": it is HOST:PORT`}},
		"auth without key":   {[]string{"--require-auth"}, []string{"require-auth needs a key", "jwt-secret"}},
		"secret encoding":    {[]string{"--jwt-secret=!", "--jwt-secret-encoding=base64url"}, []string{"jwt-secret is not base64url"}},
		"two secrets":        {[]string{"--jwt-secret=a", "--jwt-secret-file=" + write("secret", "b\n")}, []string{"jwt-secret and jwt-secret-file are both set"}},
		"empty secret":       {[]string{"--jwt-secret-file=" + write("empty", "\n")}, []string{"empty"}},
		"no secret file":     {[]string{"--api-key-file=" + filepath.Join(dir, "none")}, []string{"cannot read api-key-file"}},
		"no configuration":   {[]string{"--config=" + filepath.Join(dir, "none")}, []string{"cannot read the configuration"}},
		"not YAML":           {[]string{"--config=" + write("bad.yaml", "a: [")}, []string{"bad.yaml is not YAML"}},
		"unknown setting":    {[]string{"--config=" + write("typo.yaml", "max-romms: 5")}, []string{`typo.yaml:1: max-romms: no such setting`, `did you mean "max-rooms"?`}},
		"setting not single": {[]string{"--config=" + write("deep.yaml", "max-rooms: {a: 1}")}, []string{"max-rooms must be a single value"}},
		"setting wrong":      {[]string{"--config=" + write("wrong.yaml", "max-rooms: many")}, []string{"max-rooms", "many"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			args := append([]string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"}, test.args...)
			err := run(ctx, args)
			require.Error(t, err)
			for _, want := range test.want {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}

func TestServe_SecretsFromFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("open sesame\n"), 0o600))
	c := serveCommandLine(t, nil, "--api-key-file="+path)
	assert.Equal(t, http.StatusUnauthorized, c.get("/api/stats"))
	request, err := http.NewRequest(http.MethodGet, c.admin+"/api/stats", nil)
	require.NoError(t, err)
	request.Header.Set("X-API-Key", "open sesame")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestServe_PortInUseIsAnError(t *testing.T) {
	c := serveCommandLine(t, nil)
	host, _, _ := strings.Cut(strings.TrimPrefix(c.url, "ws://"), "/")
	err := run(context.Background(), []string{"serve", "--addr=" + host, "--admin-addr=127.0.0.1:0"})
	require.ErrorContains(t, err, "address already in use", "two servers must not share a port by accident")
}
