package redis

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/bus"
)

// Silence counts only as far as the node would have heard, and from anew after
// each time that it was deaf.
func TestPresence_Silence(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	var now hearing
	var log bytes.Buffer
	p := &presence{options: &Options{MaxNodes: 10, Log: slog.New(slog.NewTextHandler(&log, nil))}, stats: &counters{}, table: map[string]*peer{}, hearing: func() hearing { return now }}
	beats := func(second int) {
		p.note(&beat{Node: "000000000002", IntervalMs: 1000}, at(second)) // may be silent for 3 s
	}
	for _, step := range []struct {
		why      string
		beat     bool
		hears    hearing
		second   int
		again    bool
		alive    bool
		doubtful bool
		lost     bool
	}{
		{"the first beat", true, hearing{true, 1, at(0)}, 0, true, true, false, false},
		{"silent for as long as it may", false, hearing{true, 1, at(3)}, 3, false, true, false, false},
		{"long silent, for all that is certain not", false, hearing{true, 1, at(3)}, 100, false, true, false, false},
		{"deaf", false, hearing{false, 1, at(3)}, 200, false, true, true, false},
		{"hears again", false, hearing{true, 2, at(300)}, 300, true, true, false, false},
		{"silent since then for as long as it may", false, hearing{true, 2, at(303)}, 303, false, true, false, false},
		{"a beat", true, hearing{true, 2, at(304)}, 304, false, true, false, false},
		{"silent", false, hearing{true, 2, at(307)}, 307, false, true, false, false},
		{"dead", false, hearing{true, 2, at(308)}, 308, false, false, false, true},
		{"dead for a while", false, hearing{true, 2, at(320)}, 320, false, false, false, true},
		{"it is back", true, hearing{true, 2, at(309)}, 309, false, true, false, false},
	} {
		if step.beat {
			beats(step.second)
		}
		now = step.hears
		assert.Equal(t, step.again, p.sweep(at(step.second)), step.why)
		assert.Equal(t, step.lost, len(p.lost.lately(at(step.second))) == 1, step.why)
		all := p.list()
		assert.Equal(t, step.alive, len(all) == 1, step.why)
		for _, one := range all {
			assert.Equal(t, step.doubtful, one.Doubtful, step.why)
		}
	}
	assert.Equal(t, 1, strings.Count(log.String(), "a node is lost"), log.String())
	assert.Equal(t, 1, strings.Count(log.String(), "a lost node is back"), log.String())
	assert.EqualValues(t, 1, p.stats.nodesLost.Load())
}

// A node that says that it leaves is not lost, and one that was and says so is no more.
func TestPresence_LeavingIsNoLoss(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	p := &presence{options: &Options{MaxNodes: 10, Log: slog.New(slog.DiscardHandler)}, stats: &counters{}, table: map[string]*peer{}}
	second := 0
	p.hearing = func() hearing { return hearing{true, 1, at(second)} }
	says := func(left bool) { p.note(&beat{Node: "000000000002", IntervalMs: 1000, Left: left}, at(second)) }
	sweeps := func(later int) int {
		second += later
		p.sweep(at(second))
		return len(p.lost.lately(at(second)))
	}
	says(false)
	says(true)
	assert.Zero(t, sweeps(100))
	says(false)
	assert.Equal(t, 1, sweeps(100))
	says(true)
	assert.Zero(t, sweeps(100))
	assert.EqualValues(t, 1, p.stats.nodesLost.Load())
}

// Many are remembered for a while, the last ones first.
func TestLosses_AreBounded(t *testing.T) {
	var all losses
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	ids := func(now time.Time) (ids []string) {
		for _, lost := range all.lately(now) {
			ids = append(ids, lost.ID)
		}
		return ids
	}
	for n := range maxLosses + 10 {
		all.add(bus.LostNode{NodeStatus: bus.NodeStatus{ID: nodeID(uint64(n))}, LostAt: at(n)})
	}
	last := maxLosses + 9
	found := ids(at(last))
	assert.Len(t, found, maxLosses)
	assert.Equal(t, []string{nodeID(uint64(last)), nodeID(uint64(last - 1))}, found[:2])
	assert.Len(t, ids(at(last).Add(lossMemory-time.Second)), 1)
	assert.Empty(t, ids(at(last).Add(lossMemory)))
	lost, was := all.remove(nodeID(50))
	assert.True(t, was)
	assert.Equal(t, at(50), lost.LostAt)
	assert.Len(t, all, maxLosses-1)
	_, was = all.remove(nodeID(50))
	assert.False(t, was)
}
