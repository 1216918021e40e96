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
)

// Standings is the result of Peers, as --json writes it.
type Standings struct {
	Scenario string         `json:"scenario"`
	Title    string         `json:"title"`
	Settings map[string]any `json:"settings"`
	Servers  []Standing     `json:"servers"` // this program's first, the floor last
}

// Standing is what was measured of one server.
type Standing struct {
	Name    string             `json:"name"`
	Command string             `json:"command,omitempty"` // empty for this program and the floor
	Rounds  map[string][]Round `json:"rounds"`            // by scenario

	floor bool
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
	{"merged", "latency p99", "%.0f µs", func(r *Round) float64 { return r.LatencyP99 }},
	{"idle", "bytes per connection", "%.0f", func(r *Round) float64 { return r.BytesPerConnection }},
	{"idle", "connected per second", "%.0f", func(r *Round) float64 { return r.ConnectionsPerSecond }},
}

// table prints a row for each server: medians over the rounds, and in parentheses
// the medians of the ratios to the first server in the same round. Notes follow.
func (s *Standings) table(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s; rounds: %d; in parentheses the ratio to %s\n", s.Title, len(s.Servers[0].Rounds["idle"]), s.Servers[0].Name)
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
		rounds := server.Rounds[c.scenario]
		row += fmt.Sprintf(c.format, median(rounds, c.value))
		if r, ok := ratio(rounds, s.Servers[0].Rounds[c.scenario], c.value); ok {
			row += fmt.Sprintf(" (%.2f)", r)
		}
		row += "\t"
	}
	return row
}

func (s *Standings) writeNotes(text *strings.Builder) {
	for _, server := range s.Servers {
		for _, scenario := range slices.Sorted(maps.Keys(server.Rounds)) {
			for _, note := range notes(server.Name+", "+scenario, server.Rounds[scenario]) {
				fmt.Fprintln(text, note)
			}
		}
	}
}

// failure returns the failures of all rounds, or nil.
func (s *Standings) failure() error {
	var failures []error
	for _, server := range s.Servers {
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
