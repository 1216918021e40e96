package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// from sends a request, with a good body, from an address that a test cannot
// dial from.
func (n *node) from(peer, method, path string, headers ...string) *answer {
	n.t.Helper()
	request := httptest.NewRequest(method, "http://127.0.0.1:3001"+path, strings.NewReader(hello))
	request.RemoteAddr = peer
	request.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	n.admin.http.Handler.ServeHTTP(recorder, request)
	return &answer{n.t, recorder.Code, recorder.Header(), recorder.Body.String()}
}

// endpoint is a request that a guarded endpoint takes.
type endpoint struct{ method, path, mediaType, body string }

const someID = "0123456789abcdef0123456789abcdef"

var guarded = []endpoint{
	{"POST", "/api/broadcast", "application/json", hello},
	{"POST", "/api/rooms/general/broadcast", "application/json", hello},
	{"POST", "/api/users/5/broadcast", "application/json", hello},
	{"POST", "/api/clients/" + someID + "/send", "application/json", hello},
	{"POST", "/api/publish", "application/x-ndjson", `{"message":` + hello + `}`},
	{"POST", "/api/users/5/disconnect", "", ""}, // as a page elsewhere could send it
	{"GET", "/api/stats", "", ""},
	{"GET", "/api/console", "", ""},
	{"GET", "/metrics", "", ""},
}

func (n *node) ask(e endpoint, headers ...string) *answer {
	n.t.Helper()
	if e.mediaType != "" {
		headers = append([]string{"Content-Type: " + e.mediaType}, headers...)
	}
	return n.do(e.method, e.path, e.body, headers...)
}

func TestGuard_Key(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "the key"}})
	client := n.connect()
	tests := []struct {
		headers []string
		ok      bool
	}{
		{nil, false},
		{[]string{"X-API-Key: the key"}, true},
		{[]string{"Authorization: Bearer the key"}, true},
		{[]string{"Authorization: bearer the key"}, true},
		{[]string{"X-API-Key: "}, false},
		{[]string{"X-API-Key: wrong"}, false},
		{[]string{"X-API-Key: the ke"}, false},
		{[]string{"X-API-Key: the key2"}, false},
		{[]string{"X-API-Key: The Key"}, false},
		{[]string{"X-API-Key: Bearer the key"}, false},
		{[]string{"Authorization: Bearer"}, false},
		{[]string{"Authorization: Bearer wrong"}, false},
		{[]string{"Authorization: Bearer  the key"}, false},
		{[]string{"Authorization: the key"}, false},
		{[]string{"Authorization: Basic the key"}, false},
		{[]string{"Cookie: X-API-Key=the key"}, false},
		{[]string{"X-API-Key: wrong", "Authorization: Bearer the key"}, false},
		{[]string{"X-API-Key: the key", "Host: gannet.example.com"}, true},
	}
	for _, e := range guarded {
		for _, tt := range tests {
			answer := n.ask(e, tt.headers...)
			if tt.ok {
				assert.Equal(t, http.StatusOK, answer.status, "%s %q", e.path, tt.headers)
				continue
			}
			answer.fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
			assert.Equal(t, "Bearer", answer.header.Get("WWW-Authenticate"))
		}
	}
	// Broadcast and batch, with each of the good keys.
	client.receives(hello, hello, hello, hello, hello, hello, hello, hello)
}

func TestGuard_KeyIsNotInTheQuery(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "key"}})
	n.get("/api/stats?key=key&apiKey=key&X-API-Key=key").fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
}

func TestGuard_Peers(t *testing.T) {
	open, keyed := start(t, settings{}), start(t, settings{admin: Options{APIKey: "key"}})
	tests := []struct {
		peer     string
		loopback bool
	}{
		{"127.0.0.1:5000", true},
		{"127.8.9.10:5000", true},
		{"[::1]:5000", true},
		{"[::ffff:127.0.0.1]:5000", true},
		{"192.0.2.1:5000", false},
		{"10.0.0.1:5000", false},
		{"0.0.0.0:5000", false},
		{"[::ffff:192.0.2.1]:5000", false},
		{"[2001:db8::1]:5000", false},
		{"", false},
		{"@", false},
	}
	forwarded := []string{"X-Forwarded-For: 127.0.0.1", "X-Real-Ip: 127.0.0.1", "Forwarded: for=127.0.0.1"}
	for _, tt := range tests {
		answer := open.from(tt.peer, http.MethodPost, "/api/broadcast", forwarded...)
		profile := keyed.from(tt.peer, http.MethodGet, "/debug/pprof/", "X-API-Key: key")
		if tt.loopback {
			answer.reaches(0)
			assert.Equal(t, http.StatusOK, profile.status, tt.peer)
			keyed.from(tt.peer, http.MethodGet, "/debug/pprof/").fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
		} else {
			answer.fails(http.StatusForbidden, "LOOPBACK_ONLY")
			profile.fails(http.StatusForbidden, "LOOPBACK_ONLY")
		}
		keyed.from(tt.peer, http.MethodPost, "/api/broadcast", "X-API-Key: key").reaches(0)
		keyed.from(tt.peer, http.MethodPost, "/api/broadcast").fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
	}
}

// pages is what a browser says of a request, and whether it is let through.
var pages = []struct {
	headers []string
	code    string // empty: let through
}{
	{[]string{"Host: localhost:3001"}, ""},
	{[]string{"Host: localhost"}, ""},
	{[]string{"Host: 127.0.0.1:3001"}, ""},
	{[]string{"Host: [::1]:3001"}, ""},
	{[]string{"Host: [::1]"}, ""},
	{[]string{"Host: 10.1.2.3"}, ""},
	{[]string{"Host: evil.example.com"}, "FOREIGN_HOST"},
	{[]string{"Host: evil.example.com:3001"}, "FOREIGN_HOST"},
	{[]string{"Host: localhost.example.com"}, "FOREIGN_HOST"},
	{[]string{"Host: 127.0.0.1.example.com"}, "FOREIGN_HOST"},
	{[]string{"Host: :3001"}, "FOREIGN_HOST"},
	{[]string{"Host: evil.example.com", "Origin: http://evil.example.com", "Sec-Fetch-Site: same-origin"}, "FOREIGN_HOST"},

	{[]string{"Host: localhost:3001", "Origin: http://localhost:3001"}, ""},
	{[]string{"Host: localhost:3001", "Origin: http://localhost:3001", "Sec-Fetch-Site: same-origin"}, ""},
	{[]string{"Sec-Fetch-Site: none"}, ""},
	{[]string{"Host: localhost:3001", "Origin: http://localhost:3002"}, "FOREIGN_ORIGIN"},
	{[]string{"Host: localhost:3001", "Origin: http://127.0.0.1:3001"}, "FOREIGN_ORIGIN"},
	{[]string{"Host: localhost:3001", "Origin: https://evil.example.com"}, "FOREIGN_ORIGIN"},
	{[]string{"Origin: null"}, "FOREIGN_ORIGIN"},
	{[]string{"Origin: %zz"}, "FOREIGN_ORIGIN"},
	{[]string{"Sec-Fetch-Site: cross-site"}, "FOREIGN_ORIGIN"},
	{[]string{"Sec-Fetch-Site: same-site"}, "FOREIGN_ORIGIN"},
	{[]string{"Host: localhost:3001", "Origin: http://localhost:3001", "Sec-Fetch-Site: cross-site"}, "FOREIGN_ORIGIN"},
}

func TestGuard_PagesWithoutAKey(t *testing.T) {
	n := start(t, settings{admin: Options{Demo: true}})
	for _, page := range pages {
		for _, e := range guarded {
			if answer := n.ask(e, page.headers...); page.code == "" {
				require.Equal(t, http.StatusOK, answer.status, "%s %q: %s", e.path, page.headers, answer.body)
			} else {
				answer.fails(http.StatusForbidden, page.code)
			}
		}
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/symbol", "/demo/"} {
			if answer := n.get(path, page.headers...); page.code == "" {
				require.Equal(t, http.StatusOK, answer.status, "%s %q", path, page.headers)
			} else {
				answer.fails(http.StatusForbidden, "LOOPBACK_ONLY")
			}
		}
	}
}

// Names of AdminHosts are as good as localhost, and nothing else is.
func TestGuard_AdminHosts(t *testing.T) {
	n := start(t, settings{admin: Options{AdminHosts: []string{"gannet.internal", "Ops"}, Demo: true}})
	for host, known := range map[string]bool{
		"gannet.internal": true, "gannet.internal:3001": true, "GANNET.internal": true, "ops": true, "ops:1": true,
		"localhost": true, "127.0.0.1:3001": true, "[::1]:3001": true,
		"evil.example.com": false, "internal": false, "gannet.internal.example.com": false, "x.gannet.internal": false,
		"gannet.internal.": false, "gannet.internal:x:1": false, "op": false,
	} {
		for _, path := range []string{"/api/stats", "/metrics", "/debug/pprof/symbol", "/demo/"} {
			status := http.StatusForbidden
			if known {
				status = http.StatusOK
			}
			require.Equal(t, status, n.get(path, "Host: "+host).status, "%s at %s", path, host)
		}
	}
	n.get("/api/stats", "Host: ops", "Origin: http://evil.example.com").fails(http.StatusForbidden, "FOREIGN_ORIGIN")
	n.from("192.0.2.1:5000", http.MethodGet, "/api/stats", "Host: ops").fails(http.StatusForbidden, "LOOPBACK_ONLY")
}

func TestListen_AdminHostsAreNames(t *testing.T) {
	server, err := core.New(core.Options{})
	require.NoError(t, err)
	for _, name := range []string{"", "ops:3001", "http://ops", "*", "*.internal", "[::1]", "ops/"} {
		_, err := Listen(server, Options{AdminAddr: "127.0.0.1:0", AdminHosts: []string{"good", name}})
		require.ErrorContains(t, err, "admin-hosts", "%q", name)
	}
}

// With a key the name of the server is anything; a page still is no client.
func TestGuard_PagesWithAKey(t *testing.T) {
	n := start(t, settings{server: core.Options{Loops: 1}, admin: Options{APIKey: "key"}})
	for _, page := range pages {
		answer := n.post("/api/broadcast", hello, append([]string{"X-API-Key: key"}, page.headers...)...)
		if page.code == "FOREIGN_ORIGIN" {
			answer.fails(http.StatusForbidden, "FOREIGN_ORIGIN")
		} else {
			answer.reaches(0)
		}
	}
}
