package redis

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbering_CountEachChannel(t *testing.T) {
	n := newNumbering(5, 10)
	assert.Equal(t, mark{5, 1, 1}, n.next("a"))
	assert.Equal(t, mark{5, 1, 2}, n.next("a"))
	assert.Equal(t, mark{5, 1, 1}, n.next("b"))
	assert.Equal(t, mark{5, 1, 3}, n.next("a"))

	last, ok := n.last("a")
	assert.True(t, ok)
	assert.Equal(t, mark{5, 1, 3}, last)
	_, ok = n.last("c")
	assert.False(t, ok)

	n.rename(6)
	assert.Equal(t, mark{6, 2, 1}, n.next("a"), "another node begins again")
}

// However often channels are forgotten, none has the same mark twice, and each
// begins its epochs at 1 and counts without a jump.
func TestNumbering_ForgottenChannelsBeginNewEpochs(t *testing.T) {
	const size = 8
	n := newNumbering(1, size)
	dice := rand.New(rand.NewPCG(1, 2))
	last := map[string]mark{}
	epochs := map[string]int{}
	for range 20_000 {
		channel := fmt.Sprint(min(dice.IntN(12), dice.IntN(12)))
		m, before := n.next(channel), last[channel]
		if m.epoch == before.epoch {
			require.Equal(t, before.sequence+1, m.sequence)
		} else {
			require.Greater(t, m.epoch, before.epoch)
			require.EqualValues(t, 1, m.sequence)
			epochs[channel]++
		}
		last[channel] = m
		require.LessOrEqual(t, len(n.channels.young)+len(n.channels.old), size)
	}
	assert.Greater(t, epochs["11"], 1, "the table is too small for all")
}

func TestExpectations(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	s := source{subscription: 1, node: 2}
	e := newExpectations(10)
	for i, step := range []struct {
		why    string
		source source
		mark   mark
		missed uint64
		late   bool
	}{
		{"what came before it was not to be received", s, mark{2, 3, 7}, 0, false},
		{"the next", s, mark{2, 3, 8}, 0, false},
		{"a jump", s, mark{2, 3, 11}, 2, false},
		{"late, it was counted", s, mark{2, 3, 10}, 0, true},
		{"twice", s, mark{2, 3, 11}, 0, true},
		{"the count goes on", s, mark{2, 3, 12}, 0, false},
		{"an epoch begins", s, mark{2, 4, 1}, 0, false},
		{"an epoch's beginning is missing", s, mark{2, 6, 4}, 3, false},
		{"late from another epoch", s, mark{2, 5, 9}, 0, true},
		{"another node", source{1, 3}, mark{3, 1, 5}, 0, false},
		{"another subscription", source{2, 2}, mark{2, 6, 99}, 0, false},
		{"and the first goes on", s, mark{2, 6, 5}, 0, false},
	} {
		missed, since, late := e.observe(step.source, step.mark, false, at(i))
		assert.Equal(t, step.missed, missed, step.why)
		assert.Equal(t, step.late, late, step.why)
		if step.missed > 0 {
			assert.False(t, since.After(at(i-1)), step.why)
		}
	}
	_, since, _ := e.observe(s, mark{2, 6, 9}, false, at(100))
	assert.Equal(t, at(11), since, "the last one that came")
}

// A notice says how far the count has come, and may be repeated.
func TestExpectations_Notices(t *testing.T) {
	s, e := source{1, 2}, newExpectations(10)
	for _, step := range []struct {
		mark   mark
		notice bool
		missed uint64
	}{
		{mark{2, 1, 3}, true, 0}, // the first that is heard of the node
		{mark{2, 1, 4}, false, 0},
		{mark{2, 1, 4}, true, 0},
		{mark{2, 1, 7}, true, 3},
		{mark{2, 1, 7}, true, 0},
		{mark{2, 1, 8}, false, 0},
		{mark{2, 2, 2}, true, 2},
		{mark{2, 2, 3}, false, 0},
		{mark{2, 1, 9}, true, 0},
	} {
		missed, _, late := e.observe(s, step.mark, step.notice, time.Time{})
		assert.Equal(t, step.missed, missed, step.mark)
		assert.False(t, late, step.mark)
	}
}

func TestExpectations_Bounded(t *testing.T) {
	e := newExpectations(10)
	for i := range uint64(1000) {
		e.observe(source{i, 1}, mark{1, 1, 1}, false, time.Time{})
	}
	assert.LessOrEqual(t, len(e.sources.young)+len(e.sources.old), 10)
}
