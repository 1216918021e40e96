package main

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/gannet-ws/gannet/bench"
	"github.com/gannet-ws/gannet/bench/plot"
)

// caveats are what has to be known of all figures.
const caveats = `Figures are medians over the rounds, ratios medians of the ratios within a round.
Server and load generator share the CPUs, and speak over loopback, where a write costs
several times what it costs on a network. Where nothing else is said, nothing was lost,
repeated or out of order: the commands fail otherwise.
`

// markdown is the block between the marks.
func (r *results) markdown() string {
	var b strings.Builder
	host, day, rounds := r.circumstances()
	fmt.Fprintf(&b, "Measured on %s: %s, CPUs: %d, %s of memory, Linux %s, %s; rounds: %d.\n",
		day, html.EscapeString(host.CPU), host.CPUs, plot.Bytes(float64(host.Memory)), host.Kernel, host.Go, rounds)
	b.WriteString(caveats + "\n")
	r.writeImages(&b)
	r.writePeers(&b)
	writeReports(&b, []string{"Gannet", "bare loop", "ratio"}, r.ordered(false))
	if slices.ContainsFunc(r.ordered(false), func(r *bench.Report) bool { return workers(r.Settings) != "" }) {
		b.WriteString("The Redis of the workers is `redis-server --port 6399 --save ''`.\n\n")
	}
	writeReports(&b, []string{"receiving node", "publishing node"}, r.ordered(true))
	return b.String()
}

// writeImages shows the charts, two beside each other.
func (r *results) writeImages(b *strings.Builder) {
	charts := r.charts()
	for _, c := range charts {
		fmt.Fprintf(b, "<img src=\"%s/%s\" width=\"49%%\" align=\"top\" alt=\"%s\">\n", chartsFolder, c.file, c.alternative)
	}
	if len(charts) > 0 {
		b.WriteString("\n")
	}
}

// writeTable writes a table whose first column has words, and the others figures.
func writeTable(b *strings.Builder, words int, header []string, rows [][]string) {
	rule := make([]string, len(header))
	for i := range rule {
		rule[i] = "---:"
		if i < words {
			rule[i] = "---"
		}
	}
	for _, row := range append([][]string{header, rule}, rows...) {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	b.WriteString("\n")
}

// writeCommand writes a command as a block to copy.
func writeCommand(b *strings.Builder, command string) {
	const indent = " \\\n  "
	lines := strings.ReplaceAll(command, " --server-command ", indent+"--server-command ")
	b.WriteString("```\n" + lines + "\n```\n\n")
}

// thousands writes a number with commas.
func thousands(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// micros writes microseconds with three digits.
func micros(v float64) string {
	switch {
	case v >= 100:
		return thousands(v) + " µs"
	case v >= 10:
		return fmt.Sprintf("%.1f µs", v)
	case v >= 1:
		return fmt.Sprintf("%.2f µs", v)
	}
	return fmt.Sprintf("%.3f µs", v)
}

// many writes a number, in millions where it has so many.
func many(v float64) string {
	if v >= 1e6 {
		return plot.Short(v/1e6) + " million"
	}
	return thousands(v)
}
