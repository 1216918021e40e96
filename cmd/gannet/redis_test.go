package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// socket is a WebSocket client that keeps what it receives.
type socket struct {
	gws.BuiltinEventHandler
	t        *testing.T
	conn     *gws.Conn
	messages chan string
}

func (s *socket) OnMessage(_ *gws.Conn, m *gws.Message) {
	s.messages <- m.Data.String()
	_ = m.Close()
}

// member opens a socket that is in a room.
func (c *command) member(t *testing.T, room string) *socket {
	t.Helper()
	s := &socket{t: t, messages: make(chan string, 1000)}
	conn, _, err := gws.NewClient(s, &gws.ClientOption{Addr: c.url, HandshakeTimeout: patience})
	require.NoError(t, err)
	s.conn = conn
	read := make(chan struct{})
	go func() {
		defer close(read)
		conn.ReadLoop()
	}()
	t.Cleanup(func() {
		_ = conn.NetConn().Close()
		<-read
	})
	require.NoError(t, conn.WriteString(`{"type":"system","action":"joinRoom","data":{"roomName":"`+room+`"}}`))
	s.until(`"success":true`)
	return s
}

// until returns the first message with a text in it; those before it are dropped.
func (s *socket) until(text string) string {
	s.t.Helper()
	enough := time.After(patience)
	for {
		select {
		case message := <-s.messages:
			if strings.Contains(message, text) {
				return message
			}
		case <-enough:
			s.t.Fatalf("no message with %s came", text)
		}
	}
}

// ready returns the status and the body of /ready.
func (c *command) ready(t *testing.T) (status int, body string) {
	t.Helper()
	response, err := http.Get(c.admin + "/ready")
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

// readyIs waits until /ready answers like that.
func (c *command) readyIs(t *testing.T, status int, text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		got, body := c.ready(t)
		return got == status && strings.Contains(body, text)
	}, patience, 10*time.Millisecond, "%d %s", status, text)
}

// onRedis starts a node with quick probes.
func onRedis(t *testing.T, server *redistest.Server, args ...string) *command {
	t.Helper()
	return serveCommandLine(t, nil, append([]string{"--redis-url=" + server.URL(), "--redis-probe-interval=100ms", "--redis-publish-timeout=1s"}, args...)...)
}

// While Redis is away a node says so, and when it is back its clients are told what
// they may have missed.
func TestServe_RedisGoesAndComesBack(t *testing.T) {
	server := redistest.Start(t)
	needing, other := onRedis(t, server, "--notify-gaps", "--ready-needs-bus"), onRedis(t, server)
	client, silent := needing.member(t, "general"), other.member(t, "general")
	needing.readyIs(t, http.StatusOK, `"status":"ready","bus":{"connected":true,`)

	server.Kill()
	needing.readyIs(t, http.StatusServiceUnavailable, `"code":"NOT_READY","bus":{"connected":false,`)
	other.readyIs(t, http.StatusOK, `"status":"ready","bus":{"connected":false,`)

	server.Restart()
	var notice struct {
		Data struct {
			RoomName string
			From, To time.Time
			Count    *int
		}
	}
	var rooms []string
	for range 2 {
		require.NoError(t, json.Unmarshal([]byte(client.until(`"action":"gap"`)), &notice))
		rooms = append(rooms, notice.Data.RoomName)
		assert.True(t, notice.Data.From.Before(notice.Data.To))
		assert.Nil(t, notice.Data.Count)
		notice.Data.RoomName = ""
	}
	assert.ElementsMatch(t, []string{"", "general"}, rooms)
	needing.readyIs(t, http.StatusOK, `"connected":true`)
	other.readyIs(t, http.StatusOK, `"connected":true`)

	_, err := publish(t, nil, "--redis-url="+server.URL(), "--room=general", `{"type":"t","action":"after"}`)
	require.NoError(t, err)
	client.until(`"after"`)
	require.Equal(t, `{"type":"t","action":"after"}`, <-silent.messages, "it has not been told of gaps")
}

func TestPublish_OverRedis(t *testing.T) {
	server := redistest.Start(t)
	node := onRedis(t, server, "--redis-prefix=tier:", "--pxl-prefix=pxl:", "--forward=orders=all")
	one, two := node.member(t, "one"), node.member(t, "two")
	id := clientOf(t, one)
	to := []string{"--redis-url=" + server.URL(), "--redis-prefix=tier:", "--pxl-prefix=pxl:"}
	send := func(message string, args ...string) {
		t.Helper()
		printed, err := publish(t, nil, append(append(args, to...), message)...)
		require.NoError(t, err)
		require.Equal(t, `{"published":true}`, printed)
	}
	for _, tt := range []struct {
		args     string
		one, two bool
	}{
		{"--room=one", true, false},
		{"--room=two", false, true},
		{"--client=" + id, true, false},
		{"--except=" + id, false, true},
		{"--timeout=5s", true, true},
		{"--room=one --except=" + id, false, false},
		{"--user=nobody", false, false},
	} {
		message := `{"type":"t","action":"` + tt.args + `"}`
		send(message, strings.Fields(tt.args)...)
		const fence = `{"type":"fence","action":"a"}` // each channel has an order of its own
		send(fence)
		send(fence, "--room=one")
		send(fence, "--room=two")
		send(fence, "--client="+id)
		assert.Equal(t, tt.one, one.gotBefore(3), tt.args)
		assert.Equal(t, tt.two, two.gotBefore(2), tt.args)
	}
	stdin = strings.NewReader(" {\"type\":\"t\",\"action\":\"read\"}\n")
	defer func() { stdin = os.Stdin }()
	send("-", "--room=one")
	require.Equal(t, `{"type":"t","action":"read"}`, one.until("read"), "without the line's end")
	send(`{"type":"order","action":"new"}`, "--event=orders")
	require.Contains(t, one.until(`"order"`), `"new"`)
}

// gotBefore reports whether a message came before the last of so many fences.
func (s *socket) gotBefore(fences int) (got bool) {
	for fences > 0 {
		if strings.Contains(s.until(`"`), "fence") {
			fences--
		} else {
			got = true
		}
	}
	return got
}

// clientOf returns the id of a socket's client.
func clientOf(t *testing.T, s *socket) string {
	t.Helper()
	require.NoError(t, s.conn.WriteString(`{"type":"system","action":"joinRoom","data":{"roomName":"one"}}`))
	_, rest, found := strings.Cut(s.until(`"clientId"`), `"clientId":"`)
	require.True(t, found)
	return rest[:32]
}

func TestPublish_OverRedisIsRefused(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "open sesame")
	const message = `{"type":"t","action":"a"}`
	url := "--redis-url=" + server.URL()
	for name, tt := range map[string]struct {
		args    []string
		because string
	}{
		"Redis away":         {[]string{"--redis-url=redis://127.0.0.1:1", "--timeout=200ms", message}, "connection refused"},
		"wrong password":     {[]string{url, "--redis-password=hunter2", "--timeout=200ms", message}, "WRONGPASS"},
		"no password":        {[]string{url, "--timeout=200ms", message}, "NOAUTH"},
		"no URL":             {[]string{"--redis-url=hunter2", message}, "redis-url cannot be read"},
		"no envelope":        {[]string{url, `{"type":"t"}`}, "not an envelope"},
		"no route":           {[]string{url, `{"type":"t","action":5}`}, "type and action must be strings"},
		"no event":           {[]string{url, "--event=custom", `[]`}, "not a JSON object"},
		"nothing":            {[]string{url, "--event=custom", ``}, "not a JSON object"},
		"event but one":      {[]string{url, "--event=custom", "--except=x", `{}`}, "except is for messages"},
		"no client":          {[]string{url, "--client=x", message}, `client id "x" is not 32 hex digits`},
		"no exception":       {[]string{url, "--except=" + strings.Repeat("a", 34), message}, "is not 32 hex digits"},
		"empty room":         {[]string{url, "--room=", message}, "room is empty"},
		"no room's name":     {[]string{url, "--room=a}b", message}, "no room can have the name"},
		"nodes' own channel": {[]string{url, "--event=gannet:nodes", message}, "one of the nodes' own"},
		"empty user":         {[]string{url, "--user=", message}, "user is empty"},
		"empty exception":    {[]string{url, "--except=", message}, "except is empty"},
		"too large":          {[]string{url, "--redis-max-payload=10", "--timeout=200ms", message}, "too large"},
		"event over a node":  {[]string{url, "--admin=http://127.0.0.1:1", "--event=custom", `{}`}, "event needs redis-url"},
		"admin beside Redis": {[]string{url, "--admin=http://127.0.0.1:1", message}, "cannot reach the node"},
	} {
		t.Run(name, func(t *testing.T) {
			printed, err := publish(t, nil, tt.args...)
			require.ErrorContains(t, err, tt.because)
			require.NotContains(t, err.Error(), "hunter2")
			require.Empty(t, printed)
		})
	}
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("open sesame\n"), 0o600))
	_, err := publish(t, nil, url, "--redis-password-file="+file, message)
	require.NoError(t, err)
	t.Setenv("GANNET_REDIS_PASSWORD", "open sesame")
	_, err = publish(t, nil, url, message)
	require.NoError(t, err)
}

// The password is in a file, and nowhere else.
func TestServe_RedisPasswordFromFile(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "open sesame")
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("open sesame\n"), 0o600))
	node := onRedis(t, server, "--redis-password-file="+file, "--redis-required")
	node.readyIs(t, http.StatusOK, `"connected":true`)
}

func TestServe_WrongRedisSettingsAreRefused(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hunter2"), 0o600))
	const url = "--redis-url=redis://:hunter2@127.0.0.1:1"
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"two passwords":          {[]string{url, "--redis-password=hunter2", "--redis-password-file=" + secret}, "redis-password and redis-password-file are both set"},
		"two sentinel passwords": {[]string{url, "--redis-sentinel-password=hunter2", "--redis-sentinel-password-file=" + secret}, "redis-sentinel-password and redis-sentinel-password-file are both set"},
		"no password file":       {[]string{url, "--redis-password-file=" + filepath.Join(dir, "none")}, "cannot read redis-password-file"},
		"required, but no URL":   {[]string{"--redis-required"}, "redis-required needs redis-url"},
		"required, but away":     {[]string{url, "--redis-required", "--redis-publish-timeout=20ms"}, "Redis is required and cannot be reached"},
		"scheme":                 {[]string{"--redis-url=http://:hunter2@localhost"}, `redis-url begins with redis, rediss, redis-sentinel or rediss-sentinel, not with "http"`},
		"primary":                {[]string{"--redis-url=redis-sentinel://:hunter2@localhost"}, "redis-sentinel-master"},
		"size":                   {[]string{url, "--redis-max-queue=1MB"}, `"1MB" is not a size`},
		"zero":                   {[]string{url, "--redis-max-inbox=0"}, "redis-max-inbox must be above zero"},
		"negative":               {[]string{url, "--redis-publish-timeout=-1s"}, "redis-publish-timeout must be above zero"},
		"channels":               {[]string{url, "--redis-max-channels=1"}, "redis-max-channels is 1"},
		"prefixes":               {[]string{url, "--pxl-prefix=gannet:pxl"}, "pxl-prefix"},
		"files without TLS":      {[]string{url, "--redis-ca-file=" + secret}, "need a redis-url that begins with rediss"},
		"no certificates":        {[]string{"--redis-url=rediss://:hunter2@localhost", "--redis-ca-file=" + secret}, "has no certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			err := run(ctx, append([]string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--log-level=error"}, tt.args...))
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// Flags and the library have the same defaults and names.
func TestRedisFlags(t *testing.T) {
	parse := func(args ...string) redis.Options {
		t.Helper()
		var c cli
		parser, err := newParser(context.Background(), &c, io.Discard)
		require.NoError(t, err)
		_, err = parser.Parse(append([]string{"serve"}, args...))
		require.NoError(t, err)
		return c.Serve.Redis.Options
	}
	assert.Equal(t, redis.Options{
		Prefix: "gannet:", MaxQueue: 16 << 20, MaxInbox: 64 << 20, MaxPayload: 4 << 20, MaxChannels: 100_000,
		PublishTimeout: 2 * time.Second, Linger: 5 * time.Second, ProbeInterval: 2 * time.Second,
		HeartbeatInterval: 2 * time.Second, MaxNodes: 1000, MaxSurveys: 64, SurveyWorkers: 4,
	}, parse())
	t.Setenv("GANNET_REDIS_PASSWORD", "p")
	t.Setenv("GANNET_PXL_PREFIX", "pxl:")
	t.Setenv("GANNET_REDIS_URL", "redis://a,redis://b")
	assert.Equal(t, redis.Options{
		URL: []string{"redis://a", "redis://b"}, Required: true, SentinelMaster: "m", Username: "u", Password: "p",
		SentinelUsername: "su", SentinelPassword: "sp", CAFile: "ca", CertFile: "c", KeyFile: "k", TLSServerName: "n",
		Prefix: "g:", PXLPrefix: "pxl:", MaxQueue: 1 << 10, MaxInbox: 2 << 10, MaxPayload: 3 << 10, MaxChannels: 4,
		PublishTimeout: 5 * time.Second, Linger: -1, ProbeInterval: 7 * time.Second,
		HeartbeatInterval: 8 * time.Second, MaxNodes: 9, MaxSurveys: 10, SurveyWorkers: 11,
	}, parse("--redis-required", "--redis-sentinel-master=m", "--redis-username=u", "--redis-sentinel-username=su",
		"--redis-sentinel-password=sp", "--redis-ca-file=ca", "--redis-cert-file=c", "--redis-key-file=k", "--redis-tls-server-name=n",
		"--redis-prefix=g:", "--redis-max-queue=1KiB", "--redis-max-inbox=2KiB", "--redis-max-payload=3KiB", "--redis-max-channels=4",
		"--redis-publish-timeout=5s", "--redis-linger=-1ns", "--redis-probe-interval=7s",
		"--redis-heartbeat-interval=8s", "--redis-max-nodes=9", "--redis-max-surveys=10", "--redis-survey-workers=11"))
}

// The help of publish has what a process that only sends can use.
func TestPublish_HelpIsShort(t *testing.T) {
	var out bytes.Buffer
	parser, err := newParser(context.Background(), &cli{}, &out)
	require.NoError(t, err)
	parser.Stdout, parser.Exit = &out, func(int) {}
	_, _ = parser.Parse([]string{"publish", "--help"})
	for _, has := range []string{"--redis-url", "--redis-ca-file", "--pxl-prefix", "--event"} {
		assert.Contains(t, out.String(), has)
	}
	for hidden := range forNodes {
		assert.NotContains(t, out.String(), "--"+hidden)
		assert.Contains(t, flagNames(parser.Model.Node), hidden, "it is the name of a flag")
	}
}
