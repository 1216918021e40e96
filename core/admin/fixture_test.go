package admin

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 15 * time.Second

const secret = "a secret of the tests"

// node is a server and its admin listener, both on free ports of loopback.
type node struct {
	t      testing.TB
	server *core.Server
	admin  *Admin
	http   *http.Client
}

// settings are the options of a node. The zero value gives a server that takes
// tokens, and an admin listener without a key.
type settings struct {
	server  core.Options
	admin   Options
	prepare func(*core.Server)
}

// newNode makes a node whose server does not run yet; its admin listener serves
// until the test ends.
func newNode(t testing.TB, s settings) *node {
	t.Helper()
	s.server.Addr, s.server.JWTSecret = "127.0.0.1:0", secret
	s.server.DrainPeriod, s.server.Log = -1, slog.New(slog.DiscardHandler)
	server, err := core.New(s.server)
	require.NoError(t, err)
	if s.prepare != nil {
		s.prepare(server)
	}
	if s.admin.AdminAddr == "" {
		s.admin.AdminAddr = "127.0.0.1:0"
	}
	if s.admin.MaxPublishSize == 0 {
		s.admin.MaxPublishSize = 1 << 20
	}
	admin, err := Listen(server, s.admin)
	require.NoError(t, err)
	n := &node{t: t, server: server, admin: admin, http: newHTTP()}
	n.serve()
	return n
}

// newHTTP returns a client that does what a careful one does: it follows no
// redirect.
func newHTTP() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{},
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// background runs f until the test ends, or until the returned function stops
// it and has its error.
func background(t testing.TB, f func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { require.NoError(t, stop()) })
	return stop
}

func (n *node) serve() {
	background(n.t, n.admin.Serve)
	n.t.Cleanup(n.http.CloseIdleConnections)
}

// run runs the server until the test ends or the returned function is called.
func (n *node) run() (stop func() error) {
	n.t.Helper()
	stop = background(n.t, n.server.Run)
	waiting, enough := context.WithTimeout(context.Background(), patience)
	defer enough()
	if !n.server.WaitRunning(waiting) {
		n.t.Fatalf("the server does not run: %v", stop())
	}
	return stop
}

// start makes a node that runs.
func start(t testing.TB, s settings) *node {
	t.Helper()
	n := newNode(t, s)
	n.run()
	return n
}

// answer is a response that has been read.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// do sends a request. Headers are "Name: value".
func (n *node) do(method, path, body string, headers ...string) *answer {
	n.t.Helper()
	request, err := http.NewRequest(method, "http://"+n.admin.Addr().String()+path, strings.NewReader(body))
	require.NoError(n.t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	response, err := n.http.Do(request)
	require.NoError(n.t, err)
	defer response.Body.Close()
	if response.Header.Get("Content-Type") == "text/event-stream" {
		event, err := bufio.NewReader(response.Body).ReadString('\n') // of a stream that does not end
		require.NoError(n.t, err)
		return &answer{n.t, response.StatusCode, response.Header, event}
	}
	content, err := io.ReadAll(response.Body)
	require.NoError(n.t, err)
	return &answer{n.t, response.StatusCode, response.Header, string(content)}
}

func (n *node) get(path string, headers ...string) *answer {
	n.t.Helper()
	return n.do(http.MethodGet, path, "", headers...)
}

// post sends a JSON body, of another media type if a header says so.
func (n *node) post(path, body string, headers ...string) *answer {
	n.t.Helper()
	return n.do(http.MethodPost, path, body, append([]string{"Content-Type: application/json"}, headers...)...)
}

// reaches makes sure that a publish request was answered with its receivers.
func (a *answer) reaches(receivers int) {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.status, a.body)
	require.Equal(a.t, "application/json", a.header.Get("Content-Type"))
	encoded, _ := json.Marshal(map[string]int{"receivers": receivers})
	require.Equal(a.t, string(encoded)+"\n", a.body)
}

// fails makes sure that the answer is an error in the form of all errors.
func (a *answer) fails(status int, code string) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.body)
	require.Equal(a.t, "application/json", a.header.Get("Content-Type"))
	requireError(a.t, a.body, code)
}

// requireError checks an error's form: exactly a sentence and a code.
func requireError(t testing.TB, body, code string) {
	t.Helper()
	var fields map[string]string
	require.NoError(t, json.Unmarshal([]byte(body), &fields), body)
	require.Len(t, fields, 2, body)
	require.Regexp(t, `^[A-Z][^\n]*[^.\n]$`, fields["error"])
	require.Regexp(t, `^[A-Z]+(_[A-Z]+)*$`, fields["code"])
	require.Equal(t, code, fields["code"])
}

// token makes a token of claims.
func token(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
