package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gannet-ws/gannet/bench"
	"github.com/gannet-ws/gannet/bench/plot"
)

// figure is a line of a report's row.
type figure struct {
	name  string
	text  func(v float64) string
	value func(r *bench.Round) float64
	count bool // a ratio says nothing
}

// Figures that several scenarios show.
var (
	userSpace  = figure{name: "… in user space", text: micros, value: userPerFrame}
	medianWait = figure{name: "latency p50", text: plot.Micros, value: func(r *bench.Round) float64 { return r.LatencyP50 }}
	longWait   = figure{name: "latency p99", text: plot.Micros, value: func(r *bench.Round) float64 { return r.LatencyP99 }}
	perSecond  = figure{name: "deliveries a second", text: many, value: func(r *bench.Round) float64 { return r.FramesPerSecond }}
	delivered  = figure{name: "deliveries, none lost", text: thousands, value: func(r *bench.Round) float64 { return float64(r.Delivered) }, count: true}
	perFrame   = figure{name: "CPU a delivery", text: micros, value: cpuPerFrame}
)

func perMessage(name string) figure {
	return figure{name: name, text: micros, value: func(r *bench.Round) float64 { return r.CPUPerMessage }}
}

// figuresOf are what is shown of a report.
func figuresOf(r *bench.Report) []figure {
	switch r.Scenario {
	case "fanout":
		if flood(r) {
			return []figure{perSecond, perFrame}
		}
		return []figure{perFrame, userSpace, longWait, delivered}
	case "floor":
		return []figure{perSecond, perFrame}
	case "idle":
		return []figure{
			{name: "bytes a connection, resident", text: thousands, value: bytesPerConnection},
			{name: "connected a second", text: thousands, value: func(r *bench.Round) float64 { return r.ConnectionsPerSecond }},
		}
	case "rooms":
		return []figure{perMessage("CPU a message with its deliveries"), longWait}
	case "echo":
		return []figure{perMessage("CPU a request"), userSpace, longWait}
	case "storm":
		return []figure{
			{name: "all back after", text: plot.Seconds, value: func(r *bench.Round) float64 { return r.ReturnSeconds }},
			{name: "CPU a connection", text: micros, value: func(r *bench.Round) float64 { return r.CPUPerReturn }},
			longWait,
		}
	case "cluster":
		return []figure{
			{name: "messages a second", text: thousands, value: func(r *bench.Round) float64 { return r.MessagesPerSecond }},
			perMessage("CPU a message"),
			{name: "… of Redis", text: micros, value: func(r *bench.Round) float64 { return r.RedisPerMessage }},
			medianWait, longWait,
		}
	}
	return nil
}

// writeReports writes a table of reports, with a row for each. The columns are those
// of figures: both of the report, and their ratio where that says something.
func writeReports(b *strings.Builder, columns []string, reports []*bench.Report) {
	header := append([]string{"", ""}, columns...)
	var rows [][]string
	for _, r := range reports {
		rows = append(rows, reportRow(r)[:len(header)])
	}
	if len(rows) > 0 {
		writeTable(b, 2, header, rows)
	}
}

// reportRow has what was measured with the command, and its figures in both
// columns, a line for each.
func reportRow(r *bench.Report) []string {
	first, second := r.Server, r.Floor
	var names, ours, others, ratios []string
	for _, f := range figuresOf(r) {
		one, two := cell(&f, first), cell(&f, second)
		if one == "" && two == "" {
			continue
		}
		ratio := ""
		if v, ok := bench.Ratio(first, second, f.value); ok && !f.count {
			ratio = fmt.Sprintf("%.2f", v)
		}
		names, ours, others, ratios = append(names, f.name), append(ours, one), append(others, two), append(ratios, ratio)
	}
	if r.Scenario == "floor" { // its columns are two ways to write
		names = []string{"deliveries a second", "CPU a delivery", "deliveries a second, merged", "CPU a delivery, merged"}
		others = slices.Concat(ours, others)
		ours, ratios = nil, nil
	}
	row := []string{describe(r) + "<br>`" + r.Command + "`"}
	for _, lines := range [][]string{names, ours, others, ratios} {
		row = append(row, strings.TrimSpace(strings.Join(lines, "<br>")))
	}
	return row
}

// cell is a figure's median, nothing where it was not measured.
func cell(f *figure, rounds []bench.Round) string {
	if len(rounds) == 0 {
		return ""
	}
	v := bench.Median(rounds, f.value)
	if v == 0 {
		return ""
	}
	return f.text(v)
}

// flood reports whether as much was published as arrived.
func flood(r *bench.Report) bool {
	on, _ := r.Settings["flood"].(bool)
	return on
}
