package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// stream is an answer of server-sent events.
type stream struct {
	t    testing.TB
	body io.ReadCloser
	from *bufio.Reader
}

// watch opens a stream, which ends with the test.
func (n *node) watch(room string, headers ...string) *stream {
	n.t.Helper()
	s, status := n.tryWatch(room, headers...)
	require.Equal(n.t, http.StatusOK, status)
	require.Equal(n.t, `open {"degraded":false,"room":`+quoted(room)+`}`, s.next())
	return s
}

func (n *node) tryWatch(room string, headers ...string) (*stream, int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	n.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.admin.Addr().String()+"/api/watch?room="+url.QueryEscape(room), nil)
	require.NoError(n.t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := n.http.Do(request)
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = response.Body.Close() })
	return &stream{n.t, response.Body, bufio.NewReader(response.Body)}, response.StatusCode
}

func quoted(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}

// next is the next event, as its name and its data, or a comment.
func (s *stream) next() string {
	s.t.Helper()
	event, err := s.from.ReadString('\n')
	require.NoError(s.t, err)
	if strings.HasPrefix(event, ":") {
		return s.line(event)
	}
	data, err := s.from.ReadString('\n')
	require.NoError(s.t, err)
	name, isEvent := strings.CutPrefix(event, "event: ")
	value, isData := strings.CutPrefix(data, "data: ")
	require.True(s.t, isEvent && isData, "%q %q", event, data)
	return s.line(strings.TrimSpace(name) + " " + value)
}

// line ends an event.
func (s *stream) line(text string) string {
	s.t.Helper()
	empty, err := s.from.ReadString('\n')
	require.NoError(s.t, err)
	require.Equal(s.t, "\n", empty)
	return strings.TrimSpace(text)
}

// message is the next event, which is a message.
func (s *stream) message() (m watched) {
	s.t.Helper()
	event := s.next()
	data, isMessage := strings.CutPrefix(event, "message ")
	require.True(s.t, isMessage, event)
	require.NoError(s.t, json.Unmarshal([]byte(data), &m))
	return m
}

func TestWatch_Messages(t *testing.T) {
	n := start(t, settings{})
	c := n.connect()
	id := c.join("general")
	s := n.watch("general")
	n.post("/api/rooms/general/broadcast", hello).reaches(1)
	m := s.message()
	assert.Equal(t, hello, m.Text)
	assert.Equal(t, len(hello), m.Size)
	assert.False(t, m.Some)
	assert.WithinDuration(t, time.Now(), m.At, patience)
	n.post("/api/rooms/general/broadcast?except="+id, numbered(1)).reaches(0)
	assert.True(t, s.message().Some)
	const lines = "{\"type\":\"a\",\n\r\n\"action\":\"b\",\"data\":\"\\n\\n<é>\"}"
	n.post("/api/rooms/general/broadcast", lines).reaches(1)
	assert.Equal(t, lines, s.message().Text, "lines of a message are none of the stream")
	n.metricsAre(map[string]float64{"gannet_watches": 1, "gannet_watch_skipped_total": 0})
	c.receives(hello, lines)
}

// Any name that a room may have can be watched.
func TestWatch_Names(t *testing.T) {
	n := start(t, settings{})
	for _, room := range []string{"..", ".", "a/../b", "é 漢", "a&b=c", "+", "%2e", "x?y#z"} {
		s := n.watch(room)
		_, err := n.server.Broadcast(core.Room(room), "a", "b", room)
		require.NoError(t, err)
		assert.Contains(t, s.message().Text, "b")
		require.NoError(t, s.body.Close())
	}
	for _, room := range []string{"", "{x}", strings.Repeat("x", 129)} {
		n.get("/api/watch?room="+url.QueryEscape(room)).fails(http.StatusBadRequest, "BAD_ROOM_NAME")
	}
	n.get("/api/watch").fails(http.StatusBadRequest, "BAD_ROOM_NAME")
	require.Eventually(t, func() bool { return n.server.Stats().Watches == 0 }, patience, tick, "who has gone watches no more")
}

func TestWatch_LongMessagesAreCut(t *testing.T) {
	n := start(t, settings{})
	s := n.watch("r")
	long := `{"type":"a","action":"b","data":"` + strings.Repeat("é", watchedText) + `"}`
	n.post("/api/rooms/r/broadcast", long).reaches(0)
	m := s.message()
	assert.Equal(t, len(long), m.Size)
	assert.Less(t, len(m.Text), len(long))
	assert.InDelta(t, watchedText, len(m.Text), 1)
	assert.True(t, strings.HasPrefix(long, m.Text))
}

func TestWatch_Limit(t *testing.T) {
	n := start(t, settings{admin: Options{MaxWatchers: 2}})
	first := n.watch("r")
	n.watch("r")
	refused := n.get("/api/watch?room=r")
	refused.fails(http.StatusServiceUnavailable, "TOO_MANY_WATCHERS")
	assert.Equal(t, "5", refused.header.Get("Retry-After"))
	n.metricsAre(map[string]float64{"gannet_watches": 2, `gannet_api_refused_total{code="TOO_MANY_WATCHERS"}`: 1})
	require.NoError(t, first.body.Close())
	require.Eventually(t, func() bool { return n.admin.watching.Load() == 1 }, patience, tick)
	n.watch("r")
}

func TestWatch_None(t *testing.T) {
	n := start(t, settings{admin: Options{MaxWatchers: -1}})
	n.get("/api/watch?room=r").fails(http.StatusServiceUnavailable, "TOO_MANY_WATCHERS")
}

func TestListen_MaxWatchers(t *testing.T) {
	_, err := Listen(newServer(t), Options{AdminAddr: "127.0.0.1:0", MaxWatchers: 33})
	require.EqualError(t, err, "max-watchers is 33: it is at most 32, as each holds one of the listener's 64 connections")
}

func TestWatch_NeedsTheKey(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	n.get("/api/watch?room=r").fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
	n.get("/api/watch?room=r", "X-API-Key: key", "Origin: http://evil.example.com").fails(http.StatusForbidden, "FOREIGN_ORIGIN")
}

func TestWatch_ServerDoesNotRun(t *testing.T) {
	n := newNode(t, settings{})
	n.get("/api/watch?room=r").fails(http.StatusServiceUnavailable, "NOT_RUNNING")
}

const ended = `end {"reason":"The server stops"}`

func TestWatch_EndsWithTheServer(t *testing.T) {
	n := newNode(t, settings{})
	stop := n.run()
	s := n.watch("r")
	require.NoError(t, stop())
	assert.Equal(t, ended, s.next())
	_, err := s.from.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

// A stream does not keep the listener from stopping.
func TestWatch_EndsWithTheListener(t *testing.T) {
	n := start(t, settings{})
	admin, err := Listen(n.server, Options{AdminAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	stop := background(t, admin.Serve)
	s := (&node{t: t, admin: admin, http: n.http}).watch("r")
	require.NoError(t, stop())
	assert.Equal(t, ended, s.next())
}

// It lasts longer than what is asked for otherwise may, and says so.
func TestWatch_OutlastsTheListenersLimits(t *testing.T) {
	t.Parallel()
	const limit = 200 * time.Millisecond
	server := start(t, settings{}).server
	admin, err := Listen(server, Options{AdminAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	admin.http.ReadTimeout, admin.http.WriteTimeout, admin.heartbeat = limit, limit, limit/2
	n := &node{t: t, server: server, admin: admin, http: newHTTP()}
	n.serve()
	s := n.watch("r")
	for begin := time.Now(); time.Since(begin) < watchPatience+2*limit; {
		require.Equal(t, ": still here", s.next())
	}
	n.post("/api/rooms/r/broadcast", hello).reaches(0)
	event := s.next()
	for strings.HasPrefix(event, ":") {
		event = s.next()
	}
	require.Contains(t, event, "message ")
}

// Who reads nothing misses messages, which are counted, and then the stream.
func TestWatch_SlowReader(t *testing.T) {
	t.Parallel()
	n := start(t, settings{server: core.Options{MaxBacklog: 10 << 10}})
	conn := n.tcp()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	_, err := io.WriteString(conn, "GET /api/watch?room=r HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return n.server.Stats().Watches == 1 }, patience, tick)
	long := fmt.Sprintf(`{"type":"a","action":"b","data":%q}`, strings.Repeat("<", 8<<10)) // 48 KB of escapes
	require.Eventually(t, func() bool {
		n.post("/api/rooms/r/broadcast", long).reaches(0)
		return n.server.Stats().Watches == 0
	}, patience, tick, "its writes time out")
	assert.Positive(t, n.server.Stats().WatchSkipped)
}

// How many messages were skipped is said where they would have been.
func TestWatch_SkippedMessages(t *testing.T) {
	n := start(t, settings{server: core.Options{MaxBacklog: 200}})
	w, err := n.server.Watch(t.Context(), "r")
	require.NoError(t, err)
	defer w.Close()
	for i := range 10 {
		n.post("/api/rooms/r/broadcast", numbered(i)).reaches(0)
	}
	recorder := httptest.NewRecorder()
	sendWatched(w, newEventStream(recorder))
	events := strings.Split(recorder.Body.String(), "\n\n")
	require.GreaterOrEqual(t, len(events), 3)
	kept := len(events) - 2
	assert.True(t, strings.HasPrefix(events[kept-1], "event: message\n"))
	assert.Equal(t, fmt.Sprintf("event: skipped\ndata: {\"count\":%d}", 10-kept), events[kept])
	assert.Empty(t, events[kept+1])
}

func TestBeginning(t *testing.T) {
	assert.Equal(t, "short", beginning([]byte("short")))
	assert.Len(t, beginning([]byte(strings.Repeat("x", watchedText+1))), watchedText)
	assert.Len(t, beginning([]byte("x"+strings.Repeat("é", watchedText))), watchedText-1)
	assert.Empty(t, beginning([]byte(strings.Repeat("\x80", watchedText+1))), "what is no text at all ends")
}
