package admin

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func TestConsole_NodesAtAGlance(t *testing.T) {
	here, there := pair(t)
	here.connect().join("r")
	there.connect().join("r")
	got := reads[view](here.get("/api/console"))
	assert.Equal(t, here.server.NodeID(), got.Node)
	assert.False(t, got.Demo)
	assert.Empty(t, got.Missing)
	assert.Empty(t, got.Moments)
	require.Len(t, got.Known, 2)
	require.Len(t, got.Nodes, 2)
	for _, g := range got.Nodes {
		assert.Equal(t, 1, g.Clients)
		assert.Equal(t, "healthy", g.Status)
		assert.Equal(t, []core.RoomTraffic{{RoomInfo: core.RoomInfo{Name: "r", Members: 1}}}, g.TopRooms)
	}
}

func TestConsole_Moments(t *testing.T) {
	n := start(t, settings{})
	assert.NotContains(t, n.get("/api/console").body, `"moments"`)
	require.Eventually(t, func() bool { return len(reads[view](n.get("/api/console?moments=true")).Moments) > 0 }, patience, 50*tick)
}

// However many look, nodes are asked twice a second.
func TestConsole_OneGlanceForAll(t *testing.T) {
	n := start(t, settings{})
	began := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 10 {
				assert.Equal(t, http.StatusOK, n.get("/api/console").status)
			}
		})
	}
	all.Wait()
	most := 1 + time.Since(began)/overviewAge
	assert.LessOrEqual(t, n.server.Stats().Surveys, uint64(most))
	require.Eventually(t, func() bool {
		n.get("/api/console")
		return n.server.Stats().Surveys > uint64(most)
	}, patience, 50*tick, "it is looked again")
}

// quietBus knows a node that has stopped to answer.
type quietBus struct{ muteBus }

func (*quietBus) Nodes() []bus.NodeStatus {
	return []bus.NodeStatus{{ID: "00000000000a", Figures: bus.Figures{Clients: 7}, LastSeen: time.Now()}}
}

func TestConsole_MissingNode(t *testing.T) {
	n := start(t, settings{server: core.Options{Bus: &quietBus{}}})
	got := reads[view](n.get("/api/console"))
	assert.Equal(t, []string{"00000000000a"}, got.Missing)
	require.Len(t, got.Known, 2)
	assert.Equal(t, 7, got.Known[1].Clients)
}

// bereftBus has lost a node.
type bereftBus struct{ bus.Local }

var lostNode = bus.LostNode{
	NodeStatus: bus.NodeStatus{ID: "00000000000b", Figures: bus.Figures{State: "running", Clients: 15}, LastSeen: since},
	LostAt:     since.Add(6 * time.Second),
}

func (*bereftBus) Lost() []bus.LostNode { return []bus.LostNode{lostNode} }

// Lost nodes are told of beside those that are alive, as the description says.
func TestConsole_LostNode(t *testing.T) {
	n, other := start(t, settings{server: core.Options{Bus: &bereftBus{}}}), start(t, settings{})
	d := readDescription(t)
	for _, path := range []string{"/api/console", "/api/nodes"} {
		d.describes(t, d.operation("GET", path), n.get(path))
		assert.Equal(t, []core.LostNode{lostNode}, reads[struct{ Lost []core.LostNode }](n.get(path)).Lost, path)
		assert.Contains(t, n.get(path).body, `"lastSeen":"2026-01-02T03:04:05Z","lostAt":"2026-01-02T03:04:11Z"`, path)
		assert.Contains(t, other.get(path).body, `"lost":[]`, path)
	}
	assert.Len(t, reads[view](n.get("/api/console")).Known, 1)
}

func TestConsole_DemoIsForLoopback(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key", Demo: true}})
	assert.True(t, reads[view](n.get("/api/console", "X-API-Key: key")).Demo)
	assert.False(t, reads[view](n.from("192.0.2.1:5000", http.MethodGet, "/api/console", "X-API-Key: key")).Demo)
	assert.False(t, reads[view](start(t, settings{}).get("/api/console")).Demo)
}

func TestConsole_NeedsTheKey(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	n.get("/api/console").fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
}

// pageFiles are the paths of some of the page's files, with what begins each.
var pageFiles = map[string]string{
	"/":                    "<!doctype html>",
	"/console/console.js":  "// The console",
	"/console/console.css": "/* The colours",
	"/console/gannet.svg":  "<svg",
}

// The page holds nothing, and needs no key. Without one it is for loopback, as
// everything is.
func TestConsole_Page(t *testing.T) {
	open, keyed := start(t, settings{}), start(t, settings{admin: Options{APIKey: "key"}})
	types := map[string]string{"/": "text/html", ".js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
	for path, begin := range pageFiles {
		for _, n := range []*node{open, keyed} {
			a := n.get(path)
			require.Equal(t, http.StatusOK, a.status, path)
			assert.True(t, strings.HasPrefix(a.body, begin), path)
			assert.True(t, strings.HasPrefix(a.header.Get("Content-Type"), types[path[max(0, len(path)-3):]]), path)
			assert.Equal(t, "no-store", a.header.Get("Cache-Control"), path)
			assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), path)
			assert.Equal(t, "same-origin", a.header.Get("Cross-Origin-Resource-Policy"), path)
			policy := a.header.Get("Content-Security-Policy")
			for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
				assert.Contains(t, strings.Split(policy, "; "), rule)
			}
			assert.NotContains(t, policy, "unsafe")
			n.post(path, "").fails(http.StatusNotFound, "NOT_FOUND")
		}
		open.from("192.0.2.1:5000", http.MethodGet, path).fails(http.StatusForbidden, "LOOPBACK_ONLY")
		assert.Equal(t, http.StatusOK, keyed.from("192.0.2.1:5000", http.MethodGet, path).status, path)
	}
	for _, path := range []string{"/console/", "/console/index.html", "/console/console.go", "/console/../console.go", "/index.html"} {
		open.get(path).fails(http.StatusNotFound, "NOT_FOUND")
	}
}

// Other sites may lead to the page, and neither embed nor load it.
func TestConsole_PageAndOtherSites(t *testing.T) {
	open, keyed := start(t, settings{}), start(t, settings{admin: Options{APIKey: "key"}})
	for _, page := range pages {
		for path := range pageFiles {
			for _, n := range []*node{open, keyed} {
				switch a := n.get(path, page.headers...); {
				case page.code == "FOREIGN_ORIGIN", page.code == "FOREIGN_HOST" && n == open:
					a.fails(http.StatusForbidden, page.code)
				default:
					require.Equal(t, http.StatusOK, a.status, "%s %q", path, page.headers)
				}
			}
		}
	}
	link := []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
	assert.Equal(t, http.StatusOK, open.get("/", link...).status)
	open.get("/", append(link, "Host: evil.example.com")...).fails(http.StatusForbidden, "FOREIGN_HOST")
	open.get("/", append(link, "Origin: http://evil.example.com")...).fails(http.StatusForbidden, "FOREIGN_ORIGIN")
	open.get("/api/console", link...).fails(http.StatusForbidden, "FOREIGN_ORIGIN")
	open.get("/", link[0], link[1], "Sec-Fetch-Dest: iframe").fails(http.StatusForbidden, "FOREIGN_ORIGIN")
	open.get("/", link[0], "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script").fails(http.StatusForbidden, "FOREIGN_ORIGIN")
}
