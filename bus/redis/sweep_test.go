package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Silence counts only as far as the node would have heard, and from anew after
// each time that it was deaf.
func TestPresence_Silence(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	var now hearing
	p := &presence{options: &Options{MaxNodes: 10}, stats: &counters{}, table: map[string]*peer{}, hearing: func() hearing { return now }}
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
	}{
		{"the first beat", true, hearing{true, 1, at(0)}, 0, true, true, false},
		{"silent for as long as it may", false, hearing{true, 1, at(3)}, 3, false, true, false},
		{"long silent, for all that is certain not", false, hearing{true, 1, at(3)}, 100, false, true, false},
		{"deaf", false, hearing{false, 1, at(3)}, 200, false, true, true},
		{"hears again", false, hearing{true, 2, at(300)}, 300, true, true, false},
		{"silent since then for as long as it may", false, hearing{true, 2, at(303)}, 303, false, true, false},
		{"a beat", true, hearing{true, 2, at(304)}, 304, false, true, false},
		{"silent", false, hearing{true, 2, at(307)}, 307, false, true, false},
		{"dead", false, hearing{true, 2, at(308)}, 308, false, false, false},
		{"it is back", true, hearing{true, 2, at(309)}, 309, false, true, false},
	} {
		if step.beat {
			beats(step.second)
		}
		now = step.hears
		assert.Equal(t, step.again, p.sweep(at(step.second)), step.why)
		all := p.list()
		assert.Equal(t, step.alive, len(all) == 1, step.why)
		for _, one := range all {
			assert.Equal(t, step.doubtful, one.Doubtful, step.why)
		}
	}
}
