package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// fleet is a gannet with several workers, and what they have logged.
type fleet struct {
	*exec.Cmd
	t      *testing.T
	redis  *redistest.Server
	parent chan error    // how the parent ended
	gone   chan struct{} // closed when all its processes have ended

	mu    sync.Mutex
	lines []logLine
}

// logLine is a line of the log.
type logLine struct {
	Msg, URL, Admin, Node, Status, Error string
	Changed, Settings                    string
	Worker                               *int
	PID, Loops                           int
	TLSURL                               string `json:"tls-url"`
}

const (
	logReady = "worker is ready"
	logServe = "serving WebSocket clients"
	logGone  = "replaced worker has gone"
)

// newFleet starts gannet with two workers on free ports, a Redis between them,
// and waits until all serve. They close their clients at once when they stop, unless
// the arguments say otherwise. When the test ends the parent is killed, whereupon
// the workers have to end.
func newFleet(t *testing.T, args ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, redis: redistest.Start(t), parent: make(chan error, 1), gone: make(chan struct{})}
	args = append([]string{
		"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--log-format=json",
		"--workers=2", "--redis-url=" + f.redis.URL(), "--drain-period=-1s",
	}, args...)
	f.Cmd = exec.Command(os.Args[0], args...)
	// The race detector sleeps for a second at each exit, unless it is told not to.
	f.Env = append(os.Environ(), "GANNET_TEST_AS_COMMAND=1", "GOMAXPROCS=4", "GORACE=atexit_sleep_ms=0")
	f.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, stderr, err := os.Pipe()
	require.NoError(t, err)
	f.Stderr = stderr
	require.NoError(t, f.Start())
	_ = stderr.Close()
	go f.read(output)
	go func() { f.parent <- f.Wait() }()
	t.Cleanup(f.end)
	f.await("both workers serve", func() bool { return len(f.logged(logReady)) == 2 })
	return f
}

// read reads the log until the last process has ended.
func (f *fleet) read(output io.ReadCloser) {
	defer close(f.gone)
	defer output.Close()
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		var line logLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			line.Msg = scanner.Text()
		}
		f.mu.Lock()
		f.lines = append(f.lines, line)
		f.mu.Unlock()
	}
}

func (f *fleet) end() {
	_ = f.Process.Kill()
	select {
	case <-f.gone:
	case <-time.After(patience):
		_ = syscall.Kill(-f.Process.Pid, syscall.SIGKILL)
		f.t.Error("workers have outlived their parent")
	}
	if f.t.Failed() {
		for _, line := range f.logged("") {
			f.t.Logf("log: %+v", line)
		}
	}
}

// ends makes sure that the parent and all workers end, and returns how the parent
// did.
func (f *fleet) ends() error {
	f.t.Helper()
	select {
	case <-f.gone:
	case <-time.After(patience):
		f.t.Fatal("not all processes have ended")
	}
	return <-f.parent
}

// logged returns the lines with a message, all if it is empty.
func (f *fleet) logged(msg string) (lines []logLine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.lines {
		if msg == "" || line.Msg == msg {
			lines = append(lines, line)
		}
	}
	return lines
}

// last returns the last line with a message about a worker.
func (f *fleet) last(worker int, msg string) (found logLine) {
	f.t.Helper()
	for _, line := range f.logged(msg) {
		if line.Worker != nil && *line.Worker == worker {
			found = line
		}
	}
	require.NotEmpty(f.t, found.Msg, "no %q of worker %d", msg, worker)
	return found
}

// pids returns the processes of the workers.
func (f *fleet) pids() []int {
	f.t.Helper()
	return []int{f.last(0, logReady).PID, f.last(1, logReady).PID}
}

func (f *fleet) await(what string, condition func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("in vain: %s", what)
		}
	}
}

func (f *fleet) signal(signal syscall.Signal) {
	f.t.Helper()
	require.NoError(f.t, f.Process.Signal(signal))
}

// publish publishes to a room at a worker's admin listener.
func (f *fleet) publish(worker int, room, message string) {
	f.t.Helper()
	answer, err := http.Post(f.last(worker, logServe).Admin+"/api/rooms/"+room+"/broadcast", "application/json", strings.NewReader(message))
	require.NoError(f.t, err)
	defer answer.Body.Close()
	require.Equal(f.t, http.StatusOK, answer.StatusCode)
}

// get returns what a worker's admin listener answers.
func (f *fleet) get(worker int, path string) string {
	f.t.Helper()
	answer, err := http.Get(f.last(worker, logServe).Admin + path)
	require.NoError(f.t, err)
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	require.NoError(f.t, err)
	require.Equal(f.t, http.StatusOK, answer.StatusCode, body.String())
	return body.String()
}

// member is a client that is in the room "all".
type member struct {
	gws.BuiltinEventHandler
	t        *testing.T
	conn     *gws.Conn
	worker   int
	messages chan string
	closed   chan error
}

func (m *member) OnMessage(_ *gws.Conn, message *gws.Message) {
	m.messages <- message.Data.String()
	_ = message.Close()
}

func (m *member) OnClose(_ *gws.Conn, err error) { m.closed <- err }

// join connects a client and joins it to the room.
func (f *fleet) join() *member {
	f.t.Helper()
	m := &member{t: f.t, messages: make(chan string, 100), closed: make(chan error, 1)}
	var err error
	m.conn, _, err = gws.NewClient(m, &gws.ClientOption{Addr: f.logged(logServe)[0].URL, HandshakeTimeout: patience})
	require.NoError(f.t, err)
	go m.conn.ReadLoop()
	f.t.Cleanup(func() { _ = m.conn.NetConn().Close() })
	var reply struct {
		Response struct{ Data struct{ ClientID string } }
	}
	require.NoError(f.t, json.Unmarshal([]byte(m.ask(`{"type":"system","action":"joinRoom","data":{"roomName":"all"}}`)), &reply))
	m.worker = -1
	for _, line := range f.logged(logServe) {
		if strings.HasPrefix(reply.Response.Data.ClientID, line.Node) {
			m.worker = *line.Worker
		}
	}
	require.GreaterOrEqual(f.t, m.worker, 0, "the client is at a worker")
	return m
}

// joinAll connects clients until each worker has so many, and returns them by
// worker.
func (f *fleet) joinAll(each int) [2][]*member {
	f.t.Helper()
	var members [2][]*member
	for range 100 * each {
		if len(members[0]) >= each && len(members[1]) >= each {
			return members
		}
		m := f.join()
		members[m.worker] = append(members[m.worker], m)
	}
	f.t.Fatal("connections do not come to both workers")
	return members
}

// receive returns the next message.
func (m *member) receive() string {
	m.t.Helper()
	select {
	case message := <-m.messages:
		return message
	case err := <-m.closed:
		m.t.Fatalf("closed while a message was awaited: %v", err)
	case <-time.After(patience):
		m.t.Fatal("no message came")
	}
	return ""
}

func (m *member) ask(request string) string {
	m.t.Helper()
	require.NoError(m.t, m.conn.WriteString(request))
	return m.receive()
}

// answers makes sure that the client is connected.
func (m *member) answers() {
	m.t.Helper()
	require.Equal(m.t, `{"type":"system","action":"pong"}`, m.ask(`{"type":"system","action":"ping"}`))
}

// end returns the code and reason with which the client was closed, 1006 if the
// connection broke.
func (m *member) end() (code uint16, reason string) {
	m.t.Helper()
	select {
	case err := <-m.closed:
		if frame, ok := err.(*gws.CloseError); ok {
			return frame.Code, string(frame.Reason)
		}
		return 1006, ""
	case <-time.After(patience):
		m.t.Fatal("the client was not closed")
	}
	return 0, ""
}

// drained makes sure that the clients were closed because their server ended.
func drained(t *testing.T, members ...*member) {
	t.Helper()
	for _, m := range members {
		code, reason := m.end()
		require.EqualValues(t, 1012, code)
		require.Equal(t, "draining", reason)
	}
}
