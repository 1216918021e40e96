package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// comparison is a scenario to be measured on the server and on the floor.
type comparison struct {
	scenario string
	title    string
	settings map[string]any
	rounds   int
	conns    int  // sockets at a time
	crowded  bool // for a moment the server may see more
	measure  func(ctx context.Context, s *subject) (Round, error)
}

// floorName is the name of a floor among what is measured.
const floorName = "floor"

// Report is the result of a scenario, as --json writes it.
type Report struct {
	Scenario string         `json:"scenario"`
	Title    string         `json:"title"`
	Command  string         `json:"command"` // that measures the same again, without secrets
	Settings map[string]any `json:"settings"`
	Host     Host           `json:"host"`
	Began    time.Time      `json:"began"`
	Server   []Round        `json:"server"`
	Floor    []Round        `json:"floor,omitempty"` // beside Server, round by round
	// Columns name Server and Floor where they are something else: in the
	// scenario cluster the node that receives, and the one that publishes.
	Columns []string `json:"columns,omitempty"`
}

func (r *Report) columns() (server, floor string) {
	if len(r.Columns) == 2 {
		return r.Columns[0], r.Columns[1]
	}
	return "server", floorName
}

// compare measures in turns, server, floor, server, floor; prints the report;
// and fails when a round does.
func (t *Target) compare(ctx context.Context, out io.Writer, c comparison) error {
	c.settings["url"], _, _ = strings.Cut(t.URL, "?") // behind it may be a token
	c.settings["spawn"] = t.Spawn
	c.settings["loops"] = t.Loops
	c.settings["serverFlags"] = withoutSecretsIn(t.ServerFlag)
	c.settings["serverCommand"] = withoutSecrets(t.ServerCommand)
	c.settings["generatorLoops"] = max(t.GeneratorLoops, 1)
	c.settings["connsPerProcess"] = cmp.Or(t.ConnsPerProcess, connsPerProcess)
	t.Dialect.settings(c.settings)
	if err := checkSockets(c.conns); err != nil {
		return err
	}
	report := Report{Scenario: c.scenario, Title: c.title, Command: commandLine(), Settings: c.settings, Host: describeHost(), Began: time.Now()}
	for range c.rounds {
		if err := t.turn(ctx, &c, &report); err != nil {
			return err
		}
	}
	if err := t.write(out, &report); err != nil {
		return err
	}
	return report.failure()
}

// turn measures the server once, and then the floor.
func (t *Target) turn(ctx context.Context, c *comparison, report *Report) error {
	allowed := c.conns
	if c.crowded {
		allowed = 0
	}
	server, err := t.open(ctx, allowed)
	if err != nil {
		return err
	}
	round, err := measureAndClose(ctx, c, server)
	if err != nil {
		return err
	}
	report.Server = append(report.Server, round)
	if t.NoFloor {
		return nil
	}
	floor, err := t.spawnFloor(ctx, floorName, plain(t.URL), c.conns)
	if err != nil {
		return err
	}
	round, err = measureAndClose(ctx, c, floor)
	if err != nil {
		return err
	}
	report.Floor = append(report.Floor, round)
	return nil
}

func measureAndClose(ctx context.Context, c *comparison, s *subject) (Round, error) {
	defer s.close()
	round, err := c.measure(ctx, s)
	if err != nil {
		return round, fmt.Errorf("measuring the %s: %w", s.name, err)
	}
	return round, nil
}

// result is what a scenario reports; its fields are what --json writes.
type result interface {
	// table prints it for people.
	table(out io.Writer) error
}

// write writes the report where and how --json and --report say.
func (s *Setup) write(out io.Writer, report *Report) error {
	return errors.Join(
		writeFile(s.HTML, func(page io.Writer) error { return writePage(page, report) }),
		s.writeResult(out, report),
	)
}

// writeResult does without a page.
func (s *Setup) writeResult(out io.Writer, report result) error {
	if s.JSON == "-" {
		return writeJSON(out, report)
	}
	return errors.Join(
		writeFile(s.JSON, func(file io.Writer) error { return writeJSON(file, report) }),
		report.table(out),
	)
}

// writeFile has a report written to a file, if one is named.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("bench: writing the result: %w", err)
	}
	return errors.Join(write(file), file.Close())
}

func writeJSON(out io.Writer, report result) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("bench: writing the result: %w", err)
	}
	return nil
}

// failure returns the first failure of a round, or nil. A floor that loses
// something makes the comparison worthless, so it counts too.
func (r *Report) failure() error {
	for i := range r.Server {
		if err := r.Server[i].failure(); err != nil {
			return err
		}
	}
	for i := range r.Floor {
		if err := r.Floor[i].failure(); err != nil {
			_, name := r.columns()
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
