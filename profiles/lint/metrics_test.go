package lint

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metric is what is known of a metric: whether it only grows, and its labels beside
// those of the target.
type metric struct {
	counter bool
	labels  []string
}

// targetLabels are those that Prometheus itself adds.
var targetLabels = []string{"job", "instance"}

// metricRow is a row of the reference page of metrics, which a test of the command
// holds against the code.
var metricRow = regexp.MustCompile("^\\| `(gannet_[a-z_]+)` \\| (counter|gauge|histogram) \\| `?([a-z]*)`? \\|")

// metrics are all metrics of a node, and up.
func metrics(t *testing.T) map[string]metric {
	t.Helper()
	found := map[string]metric{"up": {}}
	file, err := os.Open(root + "/cmd/gannet/docs/metrics.md")
	require.NoError(t, err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if row := metricRow.FindStringSubmatch(lines.Text()); row != nil {
			m := metric{counter: row[2] == "counter"}
			if row[3] != "" {
				m.labels = []string{row[3]}
			}
			addMetric(found, row[1], row[2], m)
		}
	}
	require.Greater(t, len(found), 50, "the page has to be understood")
	addRuntime(t, found)
	return found
}

// addMetric adds a metric, of a histogram the series that there are of it.
func addMetric(found map[string]metric, name, kind string, m metric) {
	if kind != "histogram" {
		found[name] = m
		return
	}
	m.counter = true
	found[name+"_sum"], found[name+"_count"] = m, m
	m.labels = append(slices.Clone(m.labels), "le")
	found[name+"_bucket"] = m
}

// addRuntime adds the metrics of Go's runtime and of the process, from where the admin
// listener has them.
func addRuntime(t *testing.T, found map[string]metric) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		m := metric{counter: family.GetType() == dto.MetricType_COUNTER}
		if family.GetType() == dto.MetricType_SUMMARY {
			m.labels = []string{"quantile"}
			found[family.GetName()+"_count"] = metric{counter: true}
			found[family.GetName()+"_sum"] = metric{counter: true}
		}
		found[family.GetName()] = m
	}
	require.Contains(t, found, "process_open_fds")
}

// checkExpression makes sure that an expression is PromQL, that nodes have what it
// selects, and that it asks of what only grows how fast it does.
func checkExpression(t *testing.T, known map[string]metric, text string) {
	t.Helper()
	expression, err := parseExpression(text)
	require.NoError(t, err, text)
	selectors := 0
	parser.Inspect(expression, func(node parser.Node, path []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			selectors++
			checkSelector(t, known, selector, path, text)
		}
		return nil
	})
	require.Positive(t, selectors, text)
}

func checkSelector(t *testing.T, known map[string]metric, selector *parser.VectorSelector, path []parser.Node, text string) {
	t.Helper()
	m, ok := known[selector.Name]
	require.True(t, ok, "there is no metric %q: %s", selector.Name, text)
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name != model.MetricNameLabel {
			assert.Contains(t, append(m.labels, targetLabels...), matcher.Name, text)
		}
	}
	grows := slices.ContainsFunc(path, func(node parser.Node) bool {
		call, ok := node.(*parser.Call)
		return ok && (call.Func.Name == "rate" || call.Func.Name == "increase")
	})
	assert.Equal(t, m.counter, grows, "%s is to be asked how fast it grows, if it is a counter: %s", selector.Name, text)
}

func TestMetrics(t *testing.T) {
	all := metrics(t)
	require.Equal(t, metric{}, all["gannet_clients"])
	require.Equal(t, metric{counter: true, labels: []string{"reason"}}, all["gannet_refused_total"])
	require.Equal(t, metric{counter: true}, all["process_cpu_seconds_total"])
	require.Equal(t, metric{counter: true, labels: []string{"route", "le"}}, all["gannet_handler_duration_seconds_bucket"])
	require.NotContains(t, all, "gannet_handler_duration_seconds")
	for name := range all {
		require.Equal(t, strings.TrimSpace(name), name)
	}
}
