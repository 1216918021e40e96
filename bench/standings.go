package bench

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Standings is the result of Peers, as --json writes it.
type Standings struct {
	Scenario string         `json:"scenario"`
	Title    string         `json:"title"`
	Command  string         `json:"command"` // that measures the same again, without secrets
	Settings map[string]any `json:"settings"`
	Host     Host           `json:"host"`
	Began    time.Time      `json:"began"`
	Servers  []Standing     `json:"servers"` // this program's first, the floor last
}

// Standing is what was measured of one server.
type Standing struct {
	Name    string             `json:"name"`
	Command string             `json:"command,omitempty"` // empty for this program and the floor
	Rounds  map[string][]Round `json:"rounds"`            // by scenario

	floor bool
}

// Figure returns the median of a figure over the rounds of a scenario that have
// it; ok is false if none has.
func (s *Standing) Figure(scenario string, value func(r *Round) float64) (v float64, ok bool) {
	var values []float64
	for i := range s.Rounds[scenario] {
		if v := value(&s.Rounds[scenario][i]); v != 0 {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	return middle(values), true
}

// Ratio returns the median of a figure's ratio to another server's in the same
// round, over the rounds in which both have it; ok is false if there is none.
func (s *Standing) Ratio(to *Standing, scenario string, value func(r *Round) float64) (v float64, ok bool) {
	return Ratio(s.Rounds[scenario], to.Rounds[scenario], value)
}

// Failed reports whether the server failed or lost something in a round of a
// scenario.
func (s *Standing) Failed(scenario string) bool {
	return slices.ContainsFunc(s.Rounds[scenario], func(r Round) bool { return r.failure() != nil })
}

func (s *Standings) add(server Standing) {
	server.Rounds = make(map[string][]Round)
	s.Servers = append(s.Servers, server)
}

// commandName is what the table calls a command: its words, the first without its
// folder.
func commandName(command string) string {
	words := strings.Fields(command)
	if len(words) > 0 {
		words[0] = filepath.Base(words[0])
	}
	return strings.Join(words, " ")
}

// standingColumn is a figure of a scenario in the table.
type standingColumn struct {
	scenario string
	name     string
	format   string // of the value, with its unit
	value    func(r *Round) float64
}

var standingColumns = []standingColumn{
	{"fanout", "CPU per frame", "%.2f µs", func(r *Round) float64 { return r.CPUPerFrame }},
	{"fanout", "in user space", "%.2f µs", func(r *Round) float64 { return r.UserPerFrame }},
	{"fanout", "latency p99", "%.0f µs", func(r *Round) float64 { return r.LatencyP99 }},
	{"merged", "CPU per frame", "%.2f µs", func(r *Round) float64 { return r.CPUPerFrame }},
	{"idle", "bytes per connection", "%.0f", func(r *Round) float64 { return r.BytesPerConnection }},
	{"idle", "connected per second", "%.0f", func(r *Round) float64 { return r.ConnectionsPerSecond }},
}

// table prints a row for each server: medians over the rounds, and in parentheses
// the medians of the ratios to the first server in the same round. A star marks
// figures of a scenario in which the server failed or lost something. Notes follow.
func (s *Standings) table(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s; rounds: %d; in parentheses the ratio to %s; *: not all was delivered\n", s.Title, len(s.Servers[0].Rounds["idle"]), s.Servers[0].Name)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	scenarios, names := "\t", "\t"
	for _, c := range standingColumns {
		scenarios += c.scenario + "\t"
		names += c.name + "\t"
	}
	_, _ = fmt.Fprintln(table, scenarios)
	_, _ = fmt.Fprintln(table, names)
	for i := range s.Servers {
		_, _ = fmt.Fprintln(table, s.row(&s.Servers[i]))
	}
	_ = table.Flush()
	s.writeNotes(&text)
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("bench: writing the table: %w", err)
	}
	return nil
}

func (s *Standings) row(server *Standing) string {
	row := server.Name + "\t"
	for _, c := range standingColumns {
		row += s.cell(server, &c) + "\t"
	}
	return row
}

func (s *Standings) cell(server *Standing, c *standingColumn) string {
	mark := ""
	if server.Failed(c.scenario) {
		mark = "*"
	}
	v, ok := server.Figure(c.scenario, c.value)
	if !ok {
		return "–" + mark
	}
	text := fmt.Sprintf(c.format, v) + mark
	if r, ok := server.Ratio(&s.Servers[0], c.scenario, c.value); ok {
		text += fmt.Sprintf(" (%.2f)", r)
	}
	return text
}

func (s *Standings) writeNotes(text *strings.Builder) {
	for _, server := range s.Servers {
		for _, scenario := range slices.Sorted(maps.Keys(server.Rounds)) {
			name, rounds := server.Name+", "+scenario, server.Rounds[scenario]
			for i := range rounds {
				if err := rounds[i].failure(); err != nil && server.Command != "" {
					fmt.Fprintf(text, "%s, round %d: %v\n", name, i+1, err)
				}
			}
			for _, note := range notes(name, rounds) {
				fmt.Fprintln(text, note)
			}
		}
	}
}

// failure returns the failures of all rounds of this program and the floor, or nil.
// Those of other servers are marked and noted: what they lose is no fault of ours.
func (s *Standings) failure() error {
	var failures []error
	for _, server := range s.Servers {
		if server.Command != "" {
			continue
		}
		for _, scenario := range slices.Sorted(maps.Keys(server.Rounds)) {
			for i := range server.Rounds[scenario] {
				if err := server.Rounds[scenario][i].failure(); err != nil {
					failures = append(failures, fmt.Errorf("%s, %s, round %d: %w", server.Name, scenario, i+1, err))
				}
			}
		}
	}
	return errors.Join(failures...)
}
