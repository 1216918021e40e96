package admin

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func (n *node) healthy() {
	n.t.Helper()
	health := n.get("/health")
	require.Equal(n.t, http.StatusOK, health.status)
	require.Equal(n.t, "application/json", health.header.Get("Content-Type"))
	require.JSONEq(n.t, `{"status":"ok"}`, health.body)
}

func (n *node) notReady(state string) {
	n.t.Helper()
	n.healthy()
	ready := n.get("/ready")
	ready.fails(http.StatusServiceUnavailable, "NOT_READY")
	require.Contains(n.t, ready.body, "Server is "+state)
	require.Equal(n.t, "1", ready.header.Get("Retry-After"))
}

// closes reports whether an answer is the last one on its connection.
func (n *node) closes(path string) bool {
	n.t.Helper()
	answer, err := n.http.Get("http://" + n.admin.Addr().String() + path)
	require.NoError(n.t, err)
	defer answer.Body.Close()
	return answer.Close
}

func TestHealth_StatesOfAServer(t *testing.T) {
	n := newNode(t, settings{server: core.Options{DrainTimeout: patience, CloseTimeout: patience}})
	n.notReady("new")

	stop := n.run()
	n.healthy()
	require.False(t, n.closes("/ready"))
	ready := n.get("/ready")
	require.Equal(t, http.StatusOK, ready.status)
	require.JSONEq(t, `{"status":"ready"}`, ready.body)
	assert.Empty(t, ready.header.Get("Retry-After"))

	deaf := n.dial() // does not answer the close frame, so the drain goes on
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	require.Eventually(t, func() bool { return n.server.State() != core.StateRunning }, patience, tick)
	n.notReady("draining")
	for _, path := range []string{"/ready", "/api/stats"} {
		require.True(t, n.closes(path), "who is here goes elsewhere")
	}
	require.NoError(t, deaf.conn.NetConn().Close())
	require.NoError(t, <-ended)
	n.notReady("stopped")
}

func TestHealth_IsOpen(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "the key"}})
	for _, path := range []string{"/health", "/ready"} {
		for _, header := range []string{
			"Host: gannet.example.com", "Origin: https://elsewhere.example.com", "Sec-Fetch-Site: cross-site", "X-API-Key: wrong",
		} {
			assert.Equal(t, http.StatusOK, n.get(path, header).status, "%s %s", path, header)
		}
		answer := n.from("192.0.2.1:4321", http.MethodGet, path)
		assert.Equal(t, http.StatusOK, answer.status, path)
	}
}
