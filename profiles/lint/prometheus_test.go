package lint

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// promql is the language as Prometheus has it without experimental features.
var promql = parser.NewParser(parser.Options{})

func parseExpression(text string) (parser.Expr, error) { return promql.ParseExpr(text) }

// alerts returns the rules of alerts.yaml, which Prometheus itself reads.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	content, err := os.ReadFile("../prometheus/alerts.yaml")
	require.NoError(t, err)
	groups, problems := rulefmt.Parse(content, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	require.Empty(t, problems)
	var rules []rulefmt.Rule
	for _, group := range groups.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

var (
	// flagName is a flag in a text for people.
	flagName = regexp.MustCompile(`--[a-z][a-z0-9-]+`)
	// metricName is a metric in one.
	metricName = regexp.MustCompile(`gannet_[a-z_]+`)
)

func TestAlerts_SpeakOfWhatThereIs(t *testing.T) {
	knownMetrics, knownSettings := metrics(t), settings(t)
	readme, err := os.ReadFile("../prometheus/README.md")
	require.NoError(t, err)
	for _, rule := range alerts(t) {
		t.Run(rule.Alert, func(t *testing.T) {
			checkExpression(t, knownMetrics, rule.Expr)
			assert.Contains(t, []string{"warning", "critical"}, rule.Labels["severity"])
			assert.Contains(t, string(readme), "`"+rule.Alert+"`")
			text := rule.Annotations["summary"] + " " + rule.Annotations["description"]
			assert.Regexp(t, `\.$`, rule.Annotations["summary"])
			assert.Regexp(t, `\.$`, rule.Annotations["description"])
			for _, name := range metricName.FindAllString(text, -1) {
				assert.Contains(t, knownMetrics, name)
			}
			for _, flag := range flagName.FindAllString(text, -1) {
				variable := "GANNET_" + strings.ToUpper(strings.ReplaceAll(flag[2:], "-", "_"))
				assert.Contains(t, knownSettings, variable)
			}
		})
	}
}

// alertCases are series of ten minutes, a value each 15 seconds, with which alerts
// fire or keep quiet.
var alertCases = map[string]struct{ fires, quiet string }{
	"GannetDown":           {`up{job="gannet"} 1x38 0 0`, `up{job="gannet"} 0x38 1 1`},
	"GannetNotReady":       {`gannet_ready 0x40`, `gannet_ready 1x40`},
	"GannetWorkerRestarts": {`gannet_worker_restarts_total 0+0.2x40`, `gannet_worker_restarts_total 0x20 1x20`},
	"GannetLoopLag": {
		buckets("gannet_loop_lag_seconds", "", "0.1", "0+10x40", "0.5", "0+14x40", "+Inf", "0+15x40"),
		buckets("gannet_loop_lag_seconds", "", "0.1", "0+14x40", "0.5", "0+15x40", "+Inf", "0+15x40"),
	},
	"GannetLoopStuck": {`gannet_loop_lag_current_seconds 0x30 1+15x10`, `gannet_loop_lag_current_seconds 0x38 5 0`},
	"GannetSlowRoute": {
		buckets("gannet_handler_duration_seconds", `route="chat.send",`, "1", "0+90x40", "5", "0+100x40", "+Inf", "0+100x40"),
		buckets("gannet_handler_duration_seconds", `route="chat.send",`, "1", "0+100x40", "5", "0+100x40", "+Inf", "0+100x40"),
	},
	"GannetSlowFanout": {
		buckets("gannet_fanout_duration_seconds", "", "1", "0+90x40", "5", "0+100x40", "+Inf", "0+100x40"),
		buckets("gannet_fanout_duration_seconds", "", "1", "0+100x40", "5", "0+100x40", "+Inf", "0+100x40"),
	},
	"GannetPanics": {`gannet_handler_panics_total 0x20 1x20`, `gannet_handler_panics_total 5x40`},
	"GannetDescriptors": {
		"process_open_fds{job=\"gannet\"} 950x40\n process_max_fds{job=\"gannet\"} 1000x40",
		"process_open_fds{job=\"gannet\"} 800x40\n process_max_fds{job=\"gannet\"} 1000x40",
	},
	"GannetConnections": {
		"gannet_clients 950x40\n gannet_connections_max 1000x40",
		"gannet_clients 800x40\n gannet_connections_max 1000x40",
	},
	"GannetRefuses": {
		`gannet_refused_total{reason="max_connections"} 0+1x40`,
		"gannet_refused_total{reason=\"max_connections\"} 100x40\n gannet_refused_total{reason=\"draining\"} 0+10x40",
	},
	"GannetRefusalsRise": {
		"gannet_refused_total{reason=\"unauthorized\"} 0+50x40\n gannet_accepted_total 0+100x40",
		"gannet_refused_total{reason=\"unauthorized\"} 0+10x40\n gannet_refused_total{reason=\"draining\"} 0+90x40\n gannet_accepted_total 0+100x40",
	},
	"GannetAcceptsFail": {`gannet_accept_failures_total 0+1x40`, `gannet_accept_failures_total 3x40`},
	// The time is ten minutes after the epoch.
	"GannetCertificateExpires":     {`gannet_tls_certificate_expiry_timestamp_seconds 1200000x40`, `gannet_tls_certificate_expiry_timestamp_seconds 1300000x40`},
	"GannetCertificateExpiresSoon": {`gannet_tls_certificate_expiry_timestamp_seconds 0x40`, `gannet_tls_certificate_expiry_timestamp_seconds 200000x40`},
	"GannetSkips":                  {`gannet_skipped_total 0+10x40`, `gannet_skipped_total 100x40`},
	"GannetDrops": {
		"gannet_dropped_total 0+20x40\n gannet_frames_out_total 0+1000x40",
		"gannet_dropped_total 0+1x40\n gannet_frames_out_total 0+1000x40",
	},
	"GannetSlowConsumers": {
		"gannet_closed_total{reason=\"slow_consumer\"} 0+15x40\n gannet_clients 1000x40",
		"gannet_closed_total{reason=\"slow_consumer\"} 0+1x40\n gannet_closed_total{reason=\"peer_closed\"} 0+99x40\n gannet_clients 1000x40",
	},
	"GannetOverloaded": {`gannet_publish_overloaded_total 0+1x40`, `gannet_publish_overloaded_total 7x40`},
	"GannetBusLag": {
		"gannet_bus_lag_seconds 0.7x40\n gannet_bus_connected 1x40",
		"gannet_bus_lag_seconds 0.7x38 0.001 0.7\n gannet_bus_connected 1x40",
	},
	"GannetBusAway": {`gannet_bus_connected 0x40`, `gannet_bus_connected 1x40`},
	"GannetGaps": {
		"gannet_bus_gaps_total{kind=\"counted\"} 0x40\n gannet_bus_gaps_total{kind=\"uncounted\"} 0x20 1x20",
		"gannet_bus_gaps_total{kind=\"counted\"} 3x40\n gannet_bus_gaps_total{kind=\"uncounted\"} 1x40",
	},
	"GannetBusDrops": {`gannet_bus_dropped_total 0+5x40`, `gannet_bus_dropped_total 5x40`},
	"GannetBusFails": {
		"gannet_bus_failed_total 0x40\n gannet_bus_unknown_total 0+1x40",
		"gannet_bus_failed_total 5x40\n gannet_bus_unknown_total 5x40",
	},
}

// buckets are the series of a histogram: bounds, each with its values.
func buckets(name, labels string, boundsAndValues ...string) (series string) {
	for pair := range slices.Chunk(boundsAndValues, 2) {
		series += fmt.Sprintf("%s_bucket{%sle=%q} %s\n ", name, labels, pair[0], pair[1])
	}
	return series
}

// Each alert fires when it should, and not when all is well or there is no figure.
func TestAlerts_Fire(t *testing.T) {
	engine := promqltest.NewTestEngine(t, false, 0, 1_000_000)
	names := map[string]bool{}
	for _, rule := range alerts(t) {
		names[rule.Alert] = true
		t.Run(rule.Alert, func(t *testing.T) {
			series, ok := alertCases[rule.Alert]
			require.True(t, ok, "an alert needs a case")
			for load, want := range map[string]int{series.fires: 1, series.quiet: 0, "unrelated 1x40": 0} {
				storage := promqltest.LoadedStorage(t, "load 15s\n "+load+"\n")
				at := time.Unix(0, 0).Add(10 * time.Minute)
				query, err := engine.NewInstantQuery(t.Context(), storage, nil, rule.Expr, at)
				require.NoError(t, err)
				vector, err := query.Exec(t.Context()).Vector()
				require.NoError(t, err)
				assert.Len(t, vector, want, load)
				require.NoError(t, storage.Close())
			}
		})
	}
	for name := range alertCases {
		assert.True(t, names[name], "there is no alert %s", name)
	}
}

// What is told apart by a label in an annotation has it in the expression's result.
func TestAlerts_LabelsOfAnnotationsRemain(t *testing.T) {
	label := regexp.MustCompile(`\$labels\.([a-z]+)`)
	for _, rule := range alerts(t) {
		expression, err := parseExpression(rule.Expr)
		require.NoError(t, err)
		var kept [][]string
		parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
			if sum, ok := node.(*parser.AggregateExpr); ok {
				kept = append(kept, sum.Grouping)
			}
			return nil
		})
		for _, used := range label.FindAllStringSubmatch(rule.Annotations["summary"]+rule.Annotations["description"], -1) {
			for _, grouping := range kept {
				assert.True(t, slices.Contains(grouping, used[1]), "%s: %s", rule.Alert, used[1])
			}
		}
	}
}
