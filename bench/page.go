package bench

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/gannet-ws/gannet/bench/plot"
)

// maxHeadlines is how many figures stand at the head of a page.
const maxHeadlines = 4

// headlines are the figures that may stand there, the first of those that a report
// has.
var headlines = []string{
	"all back after", "CPU per connection", "bytes per connection", "CPU per frame", "CPU per message published",
	"delivered per second", "latency p50", "latency p99", "connected per second",
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is a report as its template shows it.
type page struct {
	*Report
	Failure       error
	Published     bool
	First, Second string // the columns' names
	Compared      bool   // there is a second one
	Headlines     []row
	Rows          []row
	Charts        []plot.Drawing
	Settings      []entry
	Notes         []string
}

// row is a figure with its unit, in both columns.
type row struct{ Name, Server, Floor, Ratio string }

// entry is a setting.
type entry struct{ Name, Value string }

// writePage writes a report as a page that needs nothing else: its styles, charts
// and the few lines of script are inside.
func writePage(out io.Writer, r *Report) error {
	first, second := r.columns()
	p := page{
		Report: r, Failure: r.failure(), Published: r.published(),
		First: first, Second: second, Compared: len(r.Floor) > 0,
		Charts: charts(r), Settings: settings(r.Settings), Notes: slices.Concat(notes(first, r.Server), notes(second, r.Floor)),
	}
	for _, f := range r.figures() {
		p.Rows = append(p.Rows, f.row(r))
	}
	for _, name := range headlines {
		at := slices.IndexFunc(p.Rows, func(r row) bool { return r.Name == name })
		if at >= 0 && len(p.Headlines) < maxHeadlines {
			p.Headlines = append(p.Headlines, p.Rows[at])
		}
	}
	if err := pageTemplate.Execute(out, &p); err != nil {
		return fmt.Errorf("bench: writing the page: %w", err)
	}
	return nil
}

// Memory is the host's memory in words.
func (p *page) Memory() string { return plot.Bytes(float64(p.Host.Memory)) }

// settings are those that were set, by name.
func settings(of map[string]any) (entries []entry) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if value := strings.Trim(fmt.Sprint(of[name]), "[]"); value != "" {
			entries = append(entries, entry{words(name), value})
		}
	}
	return entries
}

// words takes a name such as serverFlags apart.
func words(name string) string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
