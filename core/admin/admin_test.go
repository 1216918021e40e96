package admin

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// tick is how often a condition that nothing announces is looked at.
const tick = 2 * time.Millisecond

func TestAdmin_UnknownPathsAndMethods(t *testing.T) {
	n := start(t, settings{})
	client := n.connect()
	tests := []struct{ method, path string }{
		{"POST", "/"},
		{"GET", "/nothing"},
		{"GET", "/api"},
		{"GET", "/api/"},
		{"GET", "/demo"},
		{"GET", "/demo/"},
		{"GET", "/health/"},
		{"GET", "/HEALTH"},
		{"GET", "/debug"},
		{"GET", "/console"},
		{"POST", "/health"},
		{"POST", "/ready"},
		{"POST", "/metrics"},
		{"POST", "/api/stats"},
		{"POST", "/debug/pprof/symbol"},
		{"GET", "/api/broadcast"},
		{"PUT", "/api/broadcast"},
		{"DELETE", "/api/rooms/general/broadcast"},
		{"PATCH", "/api/users/5/broadcast"},
		{"OPTIONS", "/api/broadcast"},
		{"GET", "/api/clients/" + someID + "/send"},
		{"GET", "/api/publish"},
		{"POST", "/api/broadcast/"},
		{"POST", "/api/rooms/a/b/broadcast"},
		{"POST", "/api/rooms/general"},
		{"PUT", "/api/rooms/general"},
		{"POST", "/api/clients/" + someID + "/rooms/general"},
		{"PUT", "/api/clients/" + someID + "/rooms"},
		{"GET", "/api/openapi"},
		{"POST", "/api/clients/" + someID + "/broadcast"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			answer := n.do(tt.method, tt.path, hello, "Content-Type: application/json")
			answer.fails(http.StatusNotFound, "NOT_FOUND")
		})
	}
	client.quiet()
}

// A name such as ".." that somebody puts into a path must not lead to another
// endpoint, and least of all to the one that reaches everybody.
func TestAdmin_PathsAreNotCleaned(t *testing.T) {
	n := start(t, settings{})
	client := n.connect()
	n.http.CheckRedirect = nil // it follows redirects as most clients do
	for _, path := range []string{
		"/api/rooms/../broadcast", "/api/users/../broadcast", "/api/rooms/./broadcast", "/api/rooms//broadcast",
		"//api/broadcast", "/api/./broadcast", "/x/../api/broadcast", "/api/broadcast/.", "/api/broadcast/x/..",
	} {
		n.post(path, hello).fails(http.StatusNotFound, "NOT_FOUND")
	}
	n.get("/debug/pprof/../../api/stats").fails(http.StatusNotFound, "NOT_FOUND")
	client.quiet()
}

func TestAdmin_SecurityHeaders(t *testing.T) {
	n := start(t, settings{admin: Options{Demo: true}})
	answers := map[string]*answer{
		"health":       n.get("/health"),
		"ready":        n.get("/ready"),
		"stats":        n.get("/api/stats"),
		"metrics":      n.get("/metrics"),
		"pprof":        n.get("/debug/pprof/"),
		"demo":         n.get("/demo/"),
		"console":      n.get("/"),
		"published":    n.post("/api/broadcast", hello),
		"bad":          n.post("/api/broadcast", "{"),
		"unknown":      n.get("/nothing"),
		"refused":      n.get("/api/stats", "Host: evil.example.com"),
		"unclean path": n.get("/api//stats"),
	}
	for name, a := range answers {
		assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), name)
		assert.Equal(t, "DENY", a.header.Get("X-Frame-Options"), name)
		assert.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"), name)
		assert.Equal(t, "no-store", a.header.Get("Cache-Control"), name)
		assert.NotContains(t, a.header, "Access-Control-Allow-Origin", name)
	}
}

func TestAdmin_Demo(t *testing.T) {
	n := start(t, settings{admin: Options{Demo: true}})
	assert.Contains(t, n.get("/demo/").body, "<html")
	n.get("/nothing").fails(http.StatusNotFound, "NOT_FOUND")
	n.from("192.0.2.1:4321", http.MethodGet, "/demo/").fails(http.StatusForbidden, "LOOPBACK_ONLY")
}

// The client for browsers is the same for everybody: a page of any origin may
// import it, key or not. That opens nothing else.
func TestAdmin_BrowserClient(t *testing.T) {
	for name, options := range map[string]Options{"no key": {}, "key": {APIKey: "key"}, "demo": {Demo: true}} {
		n := start(t, settings{admin: options})
		for path, mediaType := range map[string]string{
			"/gannet.js":   "text/javascript; charset=utf-8",
			"/gannet.d.ts": "text/plain; charset=utf-8",
		} {
			foreign := []string{"Host: evil.example.com", "Origin: https://app.example.com", "Sec-Fetch-Site: cross-site"}
			for _, a := range []*answer{n.get(path), n.get(path, foreign...), n.from("192.0.2.1:4321", http.MethodGet, path, foreign...)} {
				assert.Equal(t, http.StatusOK, a.status, name)
				assert.Contains(t, a.body, "export class GannetClient", name)
				assert.Equal(t, mediaType, a.header.Get("Content-Type"), name)
				assert.Equal(t, []string{"*"}, a.header.Values("Access-Control-Allow-Origin"), name)
				assert.Equal(t, []string{"nosniff"}, a.header.Values("X-Content-Type-Options"), name)
				assert.Equal(t, []string{"no-cache"}, a.header.Values("Cache-Control"), name)
				assert.Equal(t, "DENY", a.header.Get("X-Frame-Options"), name)

				known := n.get(path, "If-None-Match: "+a.header.Get("ETag"))
				assert.Equal(t, http.StatusNotModified, known.status, name)
				assert.Empty(t, known.body, name)
			}
			n.post(path, "").fails(http.StatusNotFound, "NOT_FOUND")
			n.get(path+"/").fails(http.StatusNotFound, "NOT_FOUND")
		}
		n.get("/browser.go").fails(http.StatusNotFound, "NOT_FOUND")
	}
}

func TestPprof_Profiles(t *testing.T) {
	n := start(t, settings{})
	for path, want := range map[string]string{
		"/debug/pprof/":                    "goroutine",
		"/debug/pprof/goroutine?debug=2":   "TestPprof_Profiles",
		"/debug/pprof/symbol":              "num_symbols: 1",
		"/debug/pprof/trace?seconds=0.001": "trace",
	} {
		answer := n.get(path)
		assert.Equal(t, http.StatusOK, answer.status, path)
		assert.Contains(t, answer.body, want, path)
	}
}

// The command line would show secrets that were given as flags.
func TestPprof_NoCommandLine(t *testing.T) {
	n := start(t, settings{})
	n.get("/debug/pprof/cmdline").fails(http.StatusNotFound, "NOT_FOUND")
	n.get("/debug/pprof/%63mdline").fails(http.StatusNotFound, "NOT_FOUND")
	n.post("/debug/pprof/cmdline", "").fails(http.StatusNotFound, "NOT_FOUND")
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline/", "/debug/pprof/Cmdline", "/debug/pprof//cmdline", "/debug/pprof/cmdline%2f"} {
		assert.NotContains(t, n.get(path).body, os.Args[0], path)
	}
}

func newServer(t *testing.T) *core.Server {
	server, err := core.New(core.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return server
}

func TestListen_AddressInUse(t *testing.T) {
	n := newNode(t, settings{})
	_, err := Listen(newServer(t), Options{AdminAddr: n.admin.Addr().String()})
	require.ErrorContains(t, err, "cannot open the admin listener")
}

func TestServe_EndsWithItsListener(t *testing.T) {
	admin, err := Listen(newServer(t), Options{AdminAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	require.NoError(t, admin.listener.Close())
	require.ErrorContains(t, admin.Serve(t.Context()), "the admin listener failed")
}

// A request that hangs does not keep the listener from stopping.
func TestServe_CutsWhatHangs(t *testing.T) {
	n := newNode(t, settings{})
	admin, err := Listen(n.server, Options{AdminAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	stop := background(t, admin.Serve)
	other := &node{t: t, admin: admin}
	hanging := other.tcp()
	_, err = io.WriteString(hanging, "POST /api/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return admin.listener.places.number() == 1 }, patience, tick)
	require.NoError(t, stop())
	_, err = io.Copy(io.Discard, hanging)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it was left open")
}
