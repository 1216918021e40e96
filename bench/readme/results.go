package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gannet-ws/gannet/bench"
)

// peersName is the result that compares servers; reportNames are the others, as
// bench/tools/figures.sh calls them and in the order of the table.
const peersName = "peers"

var reportNames = []string{
	"fanout-1000", "fanout-15000", "fanout-100000", "fanout-200000", "flood", "flood-single", "floor",
	"idle", "idle-users", "idle-massive", "rooms", "echo-1000", "echo-10000", "storm", "cluster", "cluster-flood",
}

// results are what a folder has.
type results struct {
	peers   *bench.Standings // nil: none
	reports map[string]*bench.Report
}

var errNoResults = errors.New("there are no results")

// readResults reads a folder, in which there is at least one result.
func readResults(folder string) (*results, error) {
	r := &results{reports: make(map[string]*bench.Report)}
	var peers bench.Standings
	found, err := readResult(folder, peersName, &peers)
	if err != nil {
		return nil, err
	}
	if found {
		r.peers = &peers
	}
	for _, name := range reportNames {
		var report bench.Report
		found, err := readResult(folder, name, &report)
		if err != nil {
			return nil, err
		}
		if found {
			r.reports[name] = &report
		}
	}
	if r.peers == nil && len(r.reports) == 0 {
		return nil, fmt.Errorf("%s: %w", folder, errNoResults)
	}
	return r, nil
}

// readResult reads a result, if the folder has it.
func readResult(folder, name string, into any) (found bool, err error) {
	path := filepath.Join(folder, name+".json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}

// missing are the names that have no result.
func (r *results) missing() (names []string) {
	if r.peers == nil {
		names = append(names, peersName)
	}
	for _, name := range reportNames {
		if r.reports[name] == nil {
			names = append(names, name)
		}
	}
	return names
}

// ordered are the reports in the order of the table, of the scenario cluster or all
// but that.
func (r *results) ordered(cluster bool) (reports []*bench.Report) {
	for _, name := range reportNames {
		if report := r.reports[name]; report != nil && (report.Scenario == "cluster") == cluster {
			reports = append(reports, report)
		}
	}
	return reports
}

// circumstances are the machine, the last day and the fewest rounds of all.
func (r *results) circumstances() (host bench.Host, day string, rounds int) {
	var days []string
	add := func(h bench.Host, began string, n int) {
		host = h
		days = append(days, began)
		if rounds == 0 || n < rounds {
			rounds = n
		}
	}
	for _, name := range reportNames {
		if report := r.reports[name]; report != nil {
			add(report.Host, report.Began.Format(dayFormat), len(report.Server))
		}
	}
	if r.peers != nil {
		add(r.peers.Host, r.peers.Began.Format(dayFormat), len(r.peers.Servers[0].Rounds["fanout"]))
	}
	return host, slices.Max(days), rounds
}

// dayFormat sorts days as text.
const dayFormat = "2006-01-02"
