package admin

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func TestMetrics_Table(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range table {
		t.Run(m.name, func(t *testing.T) {
			assert.Regexp(t, `^gannet_[a-z]+(_[a-z]+)*$`, m.name)
			assert.Regexp(t, `^[A-Z].*\.$`, m.help)
			assert.False(t, seen[m.name], "it stands there twice")
			assert.Equal(t, m.kind == counter, strings.HasSuffix(m.name, "_total"))
			sources := map[string]bool{"value": m.value != nil, "bus": m.bus != nil, "by": m.by != nil, "spread": m.spread != nil, "spreadBy": m.spreadBy != nil}
			maps.DeleteFunc(sources, func(_ string, has bool) bool { return !has })
			assert.Len(t, sources, 1, "it has one source")
			assert.Equal(t, m.label != "", sources["by"] || sources["spreadBy"])
			assert.Equal(t, m.kind == histogram, sources["spread"] || sources["spreadBy"])
		})
		seen[m.name] = true
	}
}

// certified is a configuration with a certificate.
func certified(t *testing.T) *tls.Config {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	t.Cleanup(server.Close)
	return &tls.Config{Certificates: server.TLS.Certificates}
}

func TestMetrics_WithoutACertificate(t *testing.T) {
	assert.NotContains(t, start(t, settings{}).readMetrics(), "gannet_tls_certificate_expiry_timestamp_seconds")
}

// A reason for which nobody has been refused yet has its line too.
func TestMetrics_ReasonsOfRefusals(t *testing.T) {
	n := start(t, settings{})
	want := map[string]float64{}
	for _, reason := range []string{
		"bad_request", "not_found", "not_an_upgrade", "unauthorized", "max_connections", "descriptors", "draining", "handshake_timeout", "busy",
		"head_too_large", "max_handshakes", "accept_rate", "per_address", "origin", "proxy_header",
		"not_tls", "tls_failed", "tls_busy", "tls_halted",
	} {
		want[`gannet_refused_total{reason="`+reason+`"}`] = 0
	}
	n.metricsAre(want)
}

func TestMetrics_ContainTheTable(t *testing.T) {
	options := core.Options{Bus: &connection{}, TLSAddr: "127.0.0.1:0", TLSConfig: certified(t)}
	n := start(t, settings{server: options, prepare: func(s *core.Server) {
		s.Subscribe(bus.Subscriber{Name: "all", Channel: "*", Handle: func(context.Context, *bus.Event) (any, error) { return nil, nil }})
	}})
	answer := n.get("/metrics")
	require.Equal(t, http.StatusOK, answer.status)
	assert.True(t, strings.HasPrefix(answer.header.Get("Content-Type"), "text/plain"))
	values := n.readMetrics()
	for _, m := range table {
		assert.Contains(t, answer.body, "# HELP "+m.name+" "+m.help+"\n# TYPE "+m.name+" "+string(m.kind)+"\n"+m.name)
		if m.label == "" {
			assert.Contains(t, values, m.series())
		} else {
			assert.Contains(t, answer.body, "\n"+m.series()+"{"+m.label+`="`)
		}
		if m.kind == histogram {
			assert.Regexp(t, `\n`+m.name+`_bucket\{(route="[^"]+",)?le="\+Inf"\} `, answer.body)
		}
	}
	for name := range values {
		bare, _, _ := strings.Cut(name, "{")
		if strings.HasPrefix(name, "gannet_") {
			assert.True(t, slices.ContainsFunc(table, func(m metric) bool { return m.has(bare) }), name)
		} else {
			assert.Regexp(t, `^(go|process)_`, name)
		}
	}
	for _, name := range []string{"process_open_fds", "process_max_fds", "go_gc_duration_seconds_count", `go_gc_duration_seconds{quantile="1"}`} {
		assert.Contains(t, values, name)
	}
}

// series is the name of a metric's values, of a histogram's number of values.
func (m *metric) series() string {
	if m.kind == histogram {
		return m.name + "_count"
	}
	return m.name
}

// has reports whether a series is one of the metric's.
func (m *metric) has(series string) bool {
	if m.kind != histogram {
		return series == m.name
	}
	rest, ok := strings.CutPrefix(series, m.name)
	return ok && slices.Contains([]string{"_bucket", "_sum", "_count"}, rest)
}

// The conventions are those of Prometheus, by its own judgement.
func TestMetrics_Lint(t *testing.T) {
	options := core.Options{Bus: &connection{}, TLSAddr: "127.0.0.1:0", TLSConfig: certified(t)}
	n := start(t, settings{server: options})
	problems, err := promlint.New(strings.NewReader(n.get("/metrics").body)).Lint()
	require.NoError(t, err)
	for _, p := range problems {
		assert.False(t, strings.HasPrefix(p.Metric, "gannet_"), "%s: %s", p.Metric, p.Text)
	}
}

// readMetrics returns the values by the name and labels of each.
func (n *node) readMetrics() map[string]float64 {
	n.t.Helper()
	values := map[string]float64{}
	for text := range strings.Lines(n.get("/metrics").body) {
		if strings.HasPrefix(text, "#") {
			continue
		}
		at := strings.LastIndexByte(text, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(text[at+1:]), 64)
		require.NoError(n.t, err, text)
		values[text[:at]] = value
	}
	return values
}

// metricsAre makes sure that metrics have values.
func (n *node) metricsAre(want map[string]float64) {
	n.t.Helper()
	values := n.readMetrics()
	for name, value := range want {
		got, known := values[name]
		assert.True(n.t, known, name)
		assert.Equal(n.t, value, got, name)
	}
}

// traffic is what the tests of the figures do: three clients, of which one
// leaves, two rooms, four messages from clients and three to them.
func traffic(t *testing.T) *node {
	n := start(t, settings{server: core.Options{Loops: 2, MaxConnections: 10}})
	alice, bob, carol := n.connect(`{"sub":"alice"}`), n.connect(), n.connect(`{"sub":"alice"}`)
	alice.join("one")
	alice.join("two")
	bob.join("two")
	bob.send(`{"type":"no","action":"route"}`)
	require.Contains(t, bob.receive(), "UNKNOWN_ROUTE")
	bob.send(`no envelope`)
	require.Contains(t, bob.receive(), "Failed to parse JSON")

	n.post("/api/broadcast", hello).reaches(3)
	n.post("/api/rooms/two/broadcast", hello).reaches(2)
	n.exchange(line{`{"userId":"alice","message":` + hello + `}`, 2, ""})
	n.post("/api/broadcast", "{").fails(http.StatusBadRequest, "BAD_MESSAGE")
	alice.receives(hello, hello, hello)
	bob.receives(hello, hello)
	carol.receives(hello, hello)

	require.NoError(t, carol.conn.WriteClose(1000, nil))
	require.Eventually(t, func() bool { return n.server.Stats().Connections == 2 }, patience, tick)
	refused, err := http.Get("http://" + n.server.Addr().String() + "/elsewhere")
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, refused.StatusCode)
	require.NoError(t, refused.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	require.Eventually(t, func() bool { return n.server.Stats().Connections == 2 }, patience, tick)
	return n
}

func TestMetrics_AgreeWithWhatHappened(t *testing.T) {
	n := traffic(t)
	n.metricsAre(map[string]float64{
		"gannet_ready":                                1,
		"gannet_connections":                          2,
		"gannet_connections_max":                      10,
		"gannet_clients":                              2,
		"gannet_users":                                1,
		"gannet_rooms":                                2,
		"gannet_clients_blocked":                      0,
		"gannet_accepted_total":                       4,
		"gannet_upgraded_total":                       3,
		`gannet_refused_total{reason="not_found"}`:    1,
		`gannet_refused_total{reason="unauthorized"}`: 0,
		`gannet_closed_total{reason="peer_closed"}`:   1,
		`gannet_closed_total{reason="peer_gone"}`:     0,
		"gannet_messages_in_total":                    5,
		"gannet_published_total":                      3,
		"gannet_publish_overloaded_total":             0,
		"gannet_bad_messages_total":                   1,
		"gannet_unknown_routes_total":                 1,
		"gannet_skipped_total":                        0,
		"gannet_dropped_total":                        0,
		"gannet_blocked_total":                        0,
		"gannet_handler_errors_total":                 0,
		"gannet_handler_panics_total":                 0,
		"gannet_accept_failures_total":                0,
	})
}

// The lag is that of the moment: it is over when the loop goes on.
func TestMetrics_LoopLag(t *testing.T) {
	n, _, release := stuck(t)
	lag := func() float64 { return n.readMetrics()["gannet_loop_lag_current_seconds"] }
	require.Eventually(t, func() bool { return lag() >= 0.5 }, patience, tick)
	release()
	require.Eventually(t, func() bool { return lag() < 0.5 }, patience, tick)
	require.GreaterOrEqual(t, n.readMetrics()["gannet_loop_lag_max_seconds"], 0.5)
}

// Every figure stands in the statistics under its name, and in the metrics with
// the same value.
func TestStats_Keys(t *testing.T) {
	n := traffic(t)
	answer := n.get("/api/stats")
	require.Equal(t, http.StatusOK, answer.status)
	require.Equal(t, "application/json", answer.header.Get("Content-Type"))
	var stats map[string]any
	require.NoError(t, json.Unmarshal([]byte(answer.body), &stats))
	numbers := map[string]string{
		"connections": "gannet_connections", "maxConnections": "gannet_connections_max", "clients": "gannet_clients",
		"users": "gannet_users", "rooms": "gannet_rooms", "blocked": "gannet_clients_blocked",
		"accepted": "gannet_accepted_total", "upgraded": "gannet_upgraded_total", "bytesIn": "gannet_bytes_in_total",
		"bytesOut": "gannet_bytes_out_total", "messagesIn": "gannet_messages_in_total", "framesOut": "gannet_frames_out_total",
		"writes": "gannet_writes_total", "published": "gannet_published_total", "overloaded": "gannet_publish_overloaded_total",
		"busFailures": "gannet_bus_refused_total", "roomNamesRefused": "gannet_room_names_refused_total",
		"roomLimitsMet": "gannet_room_limits_met_total", "joinsRefused": "gannet_joins_refused_total",
		"skipped": "gannet_skipped_total", "dropped": "gannet_dropped_total", "timesBlocked": "gannet_blocked_total",
		"metadataRefused": "gannet_metadata_refused_total", "rateLimited": "gannet_rate_limited_total", "busy": "gannet_busy_total", "paused": "gannet_paused_reads_total",
		"blocking": "gannet_blocking", "slowHandlers": "gannet_slow_handlers_total", "maxLagSeconds": "gannet_loop_lag_max_seconds",
		"backlog": "gannet_backlog_bytes", "largestBacklog": "gannet_backlog_largest_bytes", "gapNoticesLost": "gannet_gap_notices_lost_total", "busBad": "gannet_bus_bad_total", "forbidden": "gannet_forbidden_total", "upstream": "gannet_upstream_total", "upstreamFailures": "gannet_upstream_failures_total",
		"badReplies": "gannet_upstream_bad_replies_total", "keySetRefreshes": "gannet_jwks_refreshes_total", "keySetFailures": "gannet_jwks_failures_total",
		"nodes": "gannet_nodes", "surveys": "gannet_surveys_total", "surveyMissing": "gannet_survey_missing_total",
		"watches": "gannet_watches", "watchSkipped": "gannet_watch_skipped_total",
		"badMessages": "gannet_bad_messages_total", "unknownRoutes": "gannet_unknown_routes_total",
		"handlerErrors": "gannet_handler_errors_total", "panics": "gannet_handler_panics_total", "acceptFailures": "gannet_accept_failures_total",
		"clientsCompressed": "gannet_clients_compressed", "compressed": "gannet_compressed_messages_total",
		"tlsHandshakes": "gannet_tls_handshakes_total", "tlsFailures": "gannet_tls_handshake_failures_total",
		"compressionIn": "gannet_compression_in_bytes_total", "compressionOut": "gannet_compression_out_bytes_total",
		"compressionFutile": "gannet_compression_futile_total", "inflated": "gannet_inflated_messages_total", "inflatedBytes": "gannet_inflated_bytes_total",
	}
	metrics := n.readMetrics()
	for key, name := range numbers {
		assert.Equal(t, metrics[name], stats[key], key)
		delete(stats, key)
	}
	for key, name := range map[string]string{"refused": "gannet_refused_total", "closed": "gannet_closed_total"} {
		for reason, count := range stats[key].(map[string]any) {
			assert.Equal(t, metrics[name+`{reason="`+reason+`"}`], count, key+" "+reason)
		}
		delete(stats, key)
	}
	n.otherStats(stats)
}

// otherStats checks what has no metric.
func (n *node) otherStats(stats map[string]any) {
	n.t.Helper()
	assert.Equal(n.t, n.server.NodeID(), stats["node"])
	assert.Equal(n.t, "running", stats["state"])
	assert.Positive(n.t, stats["uptimeSeconds"])
	clients := 0.0
	for i, l := range stats["loops"].([]any) {
		one := l.(map[string]any)
		assert.Len(n.t, one, 3)
		assert.Equal(n.t, float64(i), one["loop"])
		assert.Equal(n.t, 0.0, one["blocked"])
		clients += one["clients"].(float64)
	}
	assert.Equal(n.t, 2.0, clients)
	assert.Empty(n.t, stats["subscribers"])
	assert.Len(n.t, stats, 5, "node, state, uptimeSeconds, subscribers and loops are left")
}

func TestStats_BeforeTheServerRuns(t *testing.T) {
	n := newNode(t, settings{})
	answer := n.get("/api/stats")
	require.Equal(t, http.StatusOK, answer.status)
	assert.Contains(t, answer.body, `"state":"new"`)
	assert.Contains(t, answer.body, `"loops":[]`)
	n.metricsAre(map[string]float64{"gannet_ready": 0, "gannet_clients": 0, "gannet_accepted_total": 0})
}
