package admin

import (
	"encoding/json"
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

// connection is a bus whose connection and figures are as a test has them.
type connection struct {
	bus.Local
	mu    sync.Mutex
	stats bus.Stats
}

func (c *connection) set(s bus.Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats = s
}

func (c *connection) Stats() bus.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

func (c *connection) Status() bus.Status { return c.Stats().Status }

var (
	since = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	up    = bus.Status{Connected: true, Since: since}
	down  = bus.Status{Since: since, Problem: "refused"}
)

const (
	upJSON   = `{"connected":true,"since":"2026-01-02T03:04:05Z"}`
	downJSON = `{"connected":false,"since":"2026-01-02T03:04:05Z","problem":"refused"}`
)

func TestReady_TellsOfTheBus(t *testing.T) {
	for name, tt := range map[string]struct {
		needed bool
		status bus.Status
		code   int
		body   string
	}{
		"up":               {false, up, http.StatusOK, `{"status":"ready","bus":` + upJSON + `}`},
		"up and needed":    {true, up, http.StatusOK, `{"status":"ready","bus":` + upJSON + `}`},
		"down":             {false, down, http.StatusOK, `{"status":"ready","bus":` + downJSON + `}`},
		"down, yet needed": {true, down, http.StatusServiceUnavailable, `{"error":"Bus is not connected","code":"NOT_READY","bus":` + downJSON + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			away := &connection{}
			away.set(bus.Stats{Status: tt.status})
			n := newNode(t, settings{server: core.Options{Bus: away}, admin: Options{ReadyNeedsBus: tt.needed}})
			ready := n.get("/ready")
			require.Equal(t, http.StatusServiceUnavailable, ready.status)
			require.Contains(t, ready.body, `"error":"Server is new"`)

			n.run()
			ready = n.get("/ready")
			require.Equal(t, tt.code, ready.status)
			require.JSONEq(t, tt.body, ready.body)
			require.Equal(t, tt.code != http.StatusOK, ready.header.Get("Retry-After") != "")
			n.metricsAre(map[string]float64{"gannet_ready": oneIf(tt.code == http.StatusOK)})
			n.healthy()
		})
	}
}

// Why Redis is away may name its address, and /ready is open.
func TestReady_ProblemIsForWhomTheNodeTrusts(t *testing.T) {
	away := &connection{}
	away.set(bus.Stats{Status: down})
	n := start(t, settings{server: core.Options{Bus: away}, admin: Options{APIKey: "the key"}})
	for name, tt := range map[string]struct {
		peer, header string
		told         bool
	}{
		"loopback":              {"127.0.0.1:1", "X: y", true},
		"with the key":          {"192.0.2.1:1", "X-API-Key: the key", true},
		"from elsewhere":        {"192.0.2.1:1", "X: y", false},
		"with another key":      {"192.0.2.1:1", "X-API-Key: wrong", false},
		"a page from elsewhere": {"127.0.0.1:1", "Origin: https://elsewhere.example.com", false},
	} {
		ready := n.from(tt.peer, http.MethodGet, "/ready", tt.header)
		assert.Equal(t, http.StatusOK, ready.status, name)
		assert.Contains(t, ready.body, `"connected":false`, name)
		assert.Equal(t, tt.told, strings.Contains(ready.body, "refused"), name)
	}
}

func TestReady_NeedsNoBusWhereThereIsNone(t *testing.T) {
	n := start(t, settings{admin: Options{ReadyNeedsBus: true}})
	require.Equal(t, http.StatusOK, n.get("/ready").status)
}

// Every figure of the bus stands in the statistics under its name, and in the
// metrics with the same value.
func TestStats_OfTheBus(t *testing.T) {
	away := &connection{}
	away.set(bus.Stats{
		Status: up, Published: 1, Failed: 2, Unknown: 3, QueuedBytes: 4, Received: 5, Dropped: 6, Late: 7, Bad: 8,
		InboxBytes: 9, CountedGaps: 10, Missed: 11, UncountedGaps: 12, Reconnects: 13, Subscriptions: 14,
		Nodes: 15, NodesRefused: 16, SurveysRefused: 17, LagSeconds: 18.5, NodesLost: 19,
	})
	n := start(t, settings{server: core.Options{Bus: away}})
	var stats struct {
		Bus    map[string]any
		BusBad float64
	}
	require.NoError(t, json.Unmarshal([]byte(n.get("/api/stats").body), &stats))
	delete(stats.Bus, "since")
	for key, name := range map[string]string{
		"published": "gannet_bus_published_total", "failed": "gannet_bus_failed_total", "unknown": "gannet_bus_unknown_total",
		"queuedBytes": "gannet_bus_queued_bytes", "received": "gannet_bus_received_total", "dropped": "gannet_bus_dropped_total",
		"late": "gannet_bus_late_total", "bad": "gannet_bus_bad_total", "inboxBytes": "gannet_bus_inbox_bytes",
		"countedGaps": `gannet_bus_gaps_total{kind="counted"}`, "missed": "gannet_bus_missed_total",
		"uncountedGaps": `gannet_bus_gaps_total{kind="uncounted"}`, "reconnects": "gannet_bus_reconnects_total",
		"subscriptions": "gannet_bus_subscriptions", "nodesRefused": "gannet_bus_nodes_refused_total", "nodesLost": "gannet_bus_nodes_lost_total",
		"surveysRefused": "gannet_surveys_refused_total", "lagSeconds": "gannet_bus_lag_seconds",
	} {
		value, known := stats.Bus[key].(float64)
		assert.True(t, known, key)
		n.metricsAre(map[string]float64{name: value})
		delete(stats.Bus, key)
	}
	assert.Equal(t, map[string]any{"connected": true, "nodes": 15.0}, stats.Bus)
	assert.Equal(t, 8.0, stats.BusBad, "the bus's own among them")
	n.metricsAre(map[string]float64{"gannet_bus_connected": 1})
	away.set(bus.Stats{Status: down})
	n.metricsAre(map[string]float64{"gannet_bus_connected": 0})
	assert.Contains(t, n.get("/api/stats").body, `"connected":false,"since":"2026-01-02T03:04:05Z","problem":"refused"`)
	assert.Contains(t, n.get("/api/health").body, `"bus":`+downJSON)
}

func TestMetrics_WithoutAConnection(t *testing.T) {
	n := start(t, settings{})
	for name := range n.readMetrics() {
		switch name {
		case "gannet_bus_refused_total", "gannet_bus_bad_total":
		default:
			assert.False(t, strings.HasPrefix(name, "gannet_bus_"), name)
		}
	}
	assert.NotContains(t, n.get("/api/stats").body, `"bus":`)
}

func TestMetrics_List(t *testing.T) {
	list := Metrics()
	require.Len(t, list, len(table))
	for i, m := range list {
		assert.Equal(t, table[i].name, m.Name)
		assert.Equal(t, strings.HasSuffix(m.Name, "_total"), m.Type == "counter")
	}
	assert.Contains(t, list, Metric{Name: "gannet_closed_total", Help: "Clients whose connection ended.", Type: "counter", Label: "reason"})
	assert.Contains(t, list, Metric{Name: "gannet_bus_subscriptions", Help: "Channels that the node listens to.", Type: "gauge", NeedsBus: true})
}
