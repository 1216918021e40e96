package browser_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/browser"
	"github.com/gannet-ws/gannet/core/browser/browsertest"
)

// chromium is the browser of all tests, each of which has tabs of its own.
var chromium = sync.OnceValues(browsertest.Start)

// suite is the run of all tests, after which the browser goes.
type suite struct{ *testing.M }

func (s suite) Run() int {
	defer func() {
		if b, err := chromium(); err == nil {
			b.Stop()
		}
	}()
	return s.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = browsertest.Patience

const freePort = "127.0.0.1:0"

// visitor is a browser, and the site whose page it opens.
type visitor struct {
	browser *browsertest.Browser
	site    string
}

// visit starts the site for a browser.
func visit(t *testing.T) *visitor {
	t.Helper()
	b, err := chromium()
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir("testdata")))
	mux.Handle("GET /gannet.js", browser.Handler())
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return &visitor{b, site.URL}
}

// page is the test page, which has gannet.js and the functions of
// testdata/page.html.
type page struct {
	*browsertest.Tab
	t *testing.T
}

// open opens the page, in which url is the address of a socket.
func (v *visitor) open(t *testing.T, url string) *page {
	t.Helper()
	p := &page{v.browser.Tab(t, v.site+"/page.html"), t}
	p.Wait(`document.body.textContent === "ready"`, "the page is ready")
	encoded, err := json.Marshal(url)
	require.NoError(t, err)
	p.Run("window.url = " + string(encoded))
	return p
}

// returns makes sure that a script returns what JSON says.
func (p *page) returns(want, script string) {
	p.t.Helper()
	require.JSONEq(p.t, want, p.Run(script), script)
}

// node is a server that runs.
type node struct {
	*core.Server
	stop func()
}

// run runs a server until the test ends or stops it.
func run(t *testing.T, options core.Options, prepare ...func(*core.Server)) *node {
	t.Helper()
	if options.Addr == "" {
		options.Addr = freePort
	}
	options.DrainPeriod, options.Log = -1, slog.New(slog.DiscardHandler)
	server, err := core.New(options)
	require.NoError(t, err)
	for _, with := range prepare {
		with(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	n := &node{Server: server}
	n.stop = func() {
		if ctx.Err() == nil {
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(n.stop)
	waiting, enough := context.WithTimeout(context.Background(), patience)
	defer enough()
	require.True(t, server.WaitRunning(waiting), "the server does not run")
	return n
}

func (n *node) address() string { return n.Addr().String() }

func (n *node) url() string { return "ws://" + n.address() + "/ws" }

// within takes a value from a channel.
func within[T any](t *testing.T, values <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-values:
		return value
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}
