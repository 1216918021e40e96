package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// figure is a row of the table.
type figure struct {
	name    string
	format  string // of the value, with its unit
	compare bool   // show the ratio of server and floor
	value   func(r *Round) float64
}

// figures are the rows in their order. A row whose values are all zero is left
// out, unless it is one of always.
var figures = []figure{
	{"connections", "%.0f", false, func(r *Round) float64 { return float64(r.Connections) }},
	{"alive at the end", "%.0f", false, func(r *Round) float64 { return float64(r.Alive) }},
	{"connected per second", "%.0f", true, func(r *Round) float64 { return r.ConnectionsPerSecond }},
	{"all back after", "%.2f s", true, func(r *Round) float64 { return r.ReturnSeconds }},
	{"back per second", "%.0f", true, func(r *Round) float64 { return r.ReturnsPerSecond }},
	{"CPU per connection", "%.1f µs", true, func(r *Round) float64 { return r.CPUPerReturn }},
	{"handshakes begun again", "%.0f", false, func(r *Round) float64 { return float64(r.Repeated) }},
	{"bytes per connection", "%.0f", true, func(r *Round) float64 { return r.BytesPerConnection }},
	{"deliveries expected", "%.0f", false, func(r *Round) float64 { return float64(r.Expected) }},
	{"delivered", "%.0f", false, func(r *Round) float64 { return float64(r.Delivered) }},
	{"lost", "%.0f", false, func(r *Round) float64 { return float64(r.Lost) }},
	{"out of order", "%.0f", false, func(r *Round) float64 { return float64(r.OutOfOrder) }},
	{"duplicates", "%.0f", false, func(r *Round) float64 { return float64(r.Duplicates) }},
	{"foreign frames", "%.0f", false, func(r *Round) float64 { return float64(r.Foreign) }},
	{"compressed frames", "%.0f", false, func(r *Round) float64 { return float64(r.Compressed) }},
	{"bytes per delivery", "%.1f", true, func(r *Round) float64 { return r.BytesPerDelivery }},
	{"published per second", "%.1f", false, func(r *Round) float64 { return r.MessagesPerSecond }},
	{"delivered per second", "%.0f", true, func(r *Round) float64 { return r.FramesPerSecond }},
	{"CPU per message published", "%.2f µs", true, func(r *Round) float64 { return r.CPUPerMessage }},
	{"CPU of Redis for it", "%.2f µs", false, func(r *Round) float64 { return r.RedisPerMessage }},
	{"CPU per frame", "%.3f µs", true, func(r *Round) float64 { return r.CPUPerFrame }},
	{"  of it in user space", "%.3f µs", true, func(r *Round) float64 { return r.UserPerFrame }},
	{"writes per socket and burst", "%.2f", true, func(r *Round) float64 { return r.WritesPerSocket }},
	{"latency p50", "%.0f µs", true, func(r *Round) float64 { return r.LatencyP50 }},
	{"latency p99", "%.0f µs", true, func(r *Round) float64 { return r.LatencyP99 }},
	{"latency max", "%.0f µs", true, func(r *Round) float64 { return r.LatencyMax }},
	{"CPUs in use", "%.2f", false, func(r *Round) float64 { return r.ServerCPU }},
	{"generator busy", "%.0f %%", false, func(r *Round) float64 { return 100 * r.GeneratorCPU }},
	{"machine idle", "%.0f %%", false, func(r *Round) float64 { return 100 * r.MachineIdle }},
}

// always are the rows that are shown with zeros too, when messages were
// published.
var always = []string{"lost", "out of order", "duplicates"}

func (r *Report) table(out io.Writer) error { return writeTable(out, r) }

// writeTable prints medians over the rounds, side by side, and the notes.
func writeTable(out io.Writer, report *Report) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s; rounds: %d\n", report.Title, len(report.Server))
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	server, floor := report.columns()
	header := "\t" + server + "\t"
	if len(report.Floor) > 0 {
		header += floor + "\tratio\t"
	}
	_, _ = fmt.Fprintln(table, header)
	for _, f := range report.figures() {
		_, _ = fmt.Fprintln(table, f.line(report))
	}
	_ = table.Flush()
	for _, note := range slices.Concat(notes(server, report.Server), notes(floor, report.Floor)) {
		fmt.Fprintln(&text, note)
	}
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("bench: writing the table: %w", err)
	}
	return nil
}

// figures are the rows that the report shows.
func (r *Report) figures() (shown []figure) {
	published := r.published()
	for _, f := range figures {
		if f.shown(r) || published && slices.Contains(always, f.name) {
			shown = append(shown, f)
		}
	}
	return shown
}

// published reports whether there were messages.
func (r *Report) published() bool {
	return slices.ContainsFunc(r.Server, func(r Round) bool { return r.Expected > 0 })
}

// shown reports whether any round has the figure.
func (f *figure) shown(report *Report) bool {
	has := func(r Round) bool { return f.value(&r) != 0 }
	return slices.ContainsFunc(report.Server, has) || slices.ContainsFunc(report.Floor, has)
}

// row is the figure of a report, with medians over the rounds.
func (f *figure) row(report *Report) row {
	r := row{Name: f.name, Server: fmt.Sprintf(f.format, Median(report.Server, f.value))}
	if len(report.Floor) > 0 {
		r.Floor, r.Ratio = fmt.Sprintf(f.format, Median(report.Floor, f.value)), f.ratio(report)
	}
	return r
}

// line is the row as text, its cells ended by tabs.
func (f *figure) line(report *Report) string {
	r := f.row(report)
	cells := []string{fmt.Sprintf("%-27s", r.Name), r.Server}
	if len(report.Floor) > 0 {
		cells = append(cells, r.Floor, r.Ratio)
	}
	return strings.Join(cells, "\t") + "\t"
}

// ratio is the ratio of server and floor, nothing where there is none.
func (f *figure) ratio(report *Report) string {
	if !f.compare {
		return ""
	}
	r, ok := Ratio(report.Server, report.Floor, f.value)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.2f", r)
}

// notes are what makes the rounds of a column doubtful.
func notes(name string, rounds []Round) (texts []string) {
	for i := range rounds {
		for _, note := range rounds[i].Notes {
			texts = append(texts, fmt.Sprintf("%s, round %d: %s", name, i+1, note))
		}
	}
	return texts
}
