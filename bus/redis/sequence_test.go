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
		notice bool
		want   finding
	}{
		{"what came before it was not to be received", s, mark{2, 3, 7}, false, finding{since: at(-1)}},
		{"the next", s, mark{2, 3, 8}, false, finding{since: at(0)}},
		{"a jump", s, mark{2, 3, 11}, false, finding{missed: 2, since: at(1)}},
		{"late, it was counted", s, mark{2, 3, 10}, false, finding{late: true, since: at(2)}},
		{"twice", s, mark{2, 3, 11}, false, finding{late: true, since: at(2)}},
		{"the count goes on", s, mark{2, 3, 12}, false, finding{since: at(2)}},
		{"a notice", s, mark{2, 3, 14}, true, finding{missed: 2, since: at(5)}},
		{"the same notice", s, mark{2, 3, 14}, true, finding{since: at(6)}},
		{"a notice of what was seen to be missing", s, mark{2, 3, 10}, true, finding{since: at(6)}},
		{"the count goes on after a notice", s, mark{2, 3, 15}, false, finding{since: at(6)}},
		{"an epoch begins", s, mark{2, 4, 1}, false, finding{since: at(9)}},
		{"an epoch's beginning is missing, and maybe the last one's end", s, mark{2, 6, 4}, false, finding{lost: true, since: at(10)}},
		{"late from another epoch", s, mark{2, 5, 9}, false, finding{late: true, since: at(11)}},
		{"a notice of another epoch", s, mark{2, 7, 2}, true, finding{lost: true, since: at(11)}},
		{"what follows it", s, mark{2, 7, 3}, false, finding{since: at(13)}},
		{"another node", source{1, 3}, mark{3, 1, 5}, false, finding{since: at(-1)}},
		{"another subscription", source{2, 2}, mark{2, 6, 99}, false, finding{since: at(-1)}},
		{"a node is first heard of by a notice", source{1, 4}, mark{4, 1, 5}, true, finding{lost: true, since: at(-1)}},
		{"and goes on", source{1, 4}, mark{4, 1, 6}, false, finding{since: at(17)}},
	} {
		assert.Equal(t, step.want, e.observe(step.source, step.mark, step.notice, at(-1), at(i)), step.why)
	}
}

func TestExpectations_Bounded(t *testing.T) {
	e := newExpectations(10)
	for i := range uint64(1000) {
		e.observe(source{i, 1}, mark{1, 1, 1}, false, time.Time{}, time.Time{})
	}
	assert.LessOrEqual(t, len(e.sources.young)+len(e.sources.old), 10)
}
