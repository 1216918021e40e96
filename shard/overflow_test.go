package shard

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

// What SkipOldest does at the limit of a backlog.

func TestQueue_DropOldest(t *testing.T) {
	const one = 3 + frameCost // what each of the frames counts for
	cases := map[string]struct {
		queued  string // a frame for each letter; capitals are control frames
		written int
		excess  int
		want    string
	}{
		"nothing has to go":             {"abc", 0, 0, "abc"},
		"less than nothing":             {"abc", 0, -one, "abc"},
		"the oldest":                    {"abc", 0, 1, "bc"},
		"to the byte":                   {"abc", 0, one, "bc"},
		"a byte more":                   {"abc", 0, one + 1, "c"},
		"all":                           {"abc", 0, 3 * one, ""},
		"more than there is":            {"abc", 0, 9 * one, ""},
		"what has begun stays":          {"abc", 1, 1, "ac"},
		"only that has":                 {"a", 2, 1, "a"},
		"all but what has begun":        {"abc", 2, 9 * one, "a"},
		"behind what has been written":  {"abc", 3, 1, "c"},
		"control frames stay":           {"AbcD", 0, 9 * one, "AD"},
		"between control frames":        {"aBcDe", 0, 2 * one, "BDe"},
		"a control frame has begun":     {"Abc", 1, 1, "Ac"},
		"control frames alone":          {"AB", 0, one, "AB"},
		"the last one":                  {"Ab", 0, 1, "A"},
		"nothing waits":                 {"", 0, one, ""},
		"the oldest behind one control": {"Abc", 0, one, "Ac"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var n nodes
			var q queue
			for i := range len(c.queued) {
				q.push(&n, letter(c.queued[i]), 1)
			}
			written := q.advance(&n, c.written)
			dropped := q.dropOldest(&n, c.excess)
			assert.Equal(t, len(c.queued)-written-len(c.want), dropped)
			assert.EqualValues(t, len(c.want), q.nodes)
			q.push(&n, letter('z'), 1) // finds the end of the list
			var want []byte
			for i := range len(c.want) {
				want = append(want, letter(c.want[i])...)
			}
			want = append(want, letter('z')...)[c.written-3*written:]
			got, _ := q.gather(&n, nil, 1000)
			assert.Equal(t, want, got)
			assert.EqualValues(t, len(want), q.bytes)
			assert.Equal(t, len(want), n.bytes)
			q.advance(&n, len(want))
			assert.Zero(t, q)
			assert.Zero(t, n.bytes)
			if n.chunks != nil {
				assert.Zero(t, n.chunks[0].used, "no node is lost")
			}
		})
	}
}

// letter is a frame of three bytes: a capital is a ping.
func letter(c byte) []byte {
	if c < 'a' {
		return codec.AppendFrame(nil, codec.OpPing, []byte{c})
	}
	return codec.AppendFrame(nil, codec.OpText, []byte{c})
}

func TestQueue_DropOldestCountsFrames(t *testing.T) {
	var n nodes
	var q queue
	q.push(&n, append(letter('a'), letter('b')...), 2)
	q.push(&n, letter('c'), 1)
	assert.Equal(t, 2, q.dropOldest(&n, 1), "what was written at once goes at once")
	assert.EqualValues(t, 3, q.bytes)
}

func skipOldest(maxBacklog int) func(*Options) {
	return func(o *Options) { o.MaxBacklog, o.Overflow = maxBacklog, SkipOldest }
}

func TestBacklog_LatestKeepsTheNewest(t *testing.T) {
	for _, perTurn := range []int{1, 7, 100} {
		t.Run(strconv.Itoa(perTurn), func(t *testing.T) {
			f := newFixture(t, skipOldest(100<<10))
			slow, quick := f.addTo("r"), f.addTo("r")
			const sent, size = 2000, 1000
			for i := range sent {
				f.toRoom("r", text("%06d%s", i, make([]byte, size)))
				if i%perTurn == perTurn-1 || i == sent-1 {
					f.turns()
					quick.texts()
					require.LessOrEqual(t, slow.Backlog(), 100<<10+size+frameCost+20, "one has begun")
				}
			}
			got := numbers(t, split(t, f.drain(slow)))
			assert.EqualValues(t, sent-len(got), f.Counters.Skipped)
			assert.Equal(t, sent-1, got[len(got)-1], "the newest")
			gaps := 0
			for i := range got[1:] {
				if got[i+1] != got[i]+1 {
					gaps++
				}
				require.Greater(t, got[i+1], got[i], "in order")
			}
			assert.Equal(t, 1, gaps, "the newest are kept, without a gap between them")
			assert.Empty(t, f.overflowed)
			f.toRoom("r", text("000001"))
			f.turns()
			assert.Equal(t, []string{"000001"}, slow.texts(), "it has caught up")
		})
	}
}

// numbers are those that texts begin with.
func numbers(t *testing.T, texts []string) (all []int) {
	require.NotEmpty(t, texts)
	for _, s := range texts {
		n, err := strconv.Atoi(s[:6])
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

// What has begun is written to its end, however large it is, and does not keep a
// newer message from waiting. A message that is larger than the limit does not push
// out others for which there is room.
func TestBacklog_LatestBesideWhatHasBegun(t *testing.T) {
	f := newFixture(t, skipOldest(10<<10))
	p := f.add("")
	large := strings.Repeat("x", 1<<20)
	for i, message := range []string{large, "first" + strings.Repeat(".", 8000), "second" + strings.Repeat(".", 8000), "third" + strings.Repeat(".", 1000), strings.Repeat("y", 20_000)} {
		f.Enqueue(p.Client, text("%s", message).Frame())
		f.Settle()
		require.Equal(t, 1, f.Blocked(), i)
	}
	assert.EqualValues(t, 2, f.Counters.Skipped)
	got := split(t, f.drain(p))
	require.Len(t, got, 3)
	assert.Equal(t, large, got[0])
	assert.True(t, strings.HasPrefix(got[1], "second"))
	assert.True(t, strings.HasPrefix(got[2], "third"))
}

func TestBacklog_LatestKeepsControlFrames(t *testing.T) {
	f := newFixture(t, skipOldest(10<<10))
	p := f.add("")
	fill(t, p)
	ping, pong := codec.AppendFrame(nil, codec.OpPing, []byte("ping")), codec.AppendFrame(nil, codec.OpPong, []byte("pong"))
	message := func(i int) []byte { return text("%06d%s", i, make([]byte, 500)).Frame() }
	f.Enqueue(p.Client, message(0))
	f.EnqueueControl(p.Client, ping)
	f.Enqueue(p.Client, message(1))
	f.EnqueueControl(p.Client, pong)
	for i := 2; i < 100; i++ {
		f.Enqueue(p.Client, message(i))
		f.Settle()
	}
	f.EnqueueLast(p.Client, codec.AppendFrame(nil, codec.OpClose, nil))
	p.read()
	got := split(t, f.drain(p))
	assert.Equal(t, []string{"ping", "pong"}, got[:2])
	assert.Empty(t, got[len(got)-1], "the close frame")
	kept := numbers(t, got[2:len(got)-1])
	assert.True(t, slices.IsSorted(kept))
	assert.Equal(t, 99, kept[len(kept)-1])
	assert.EqualValues(t, 100-len(kept), f.Counters.Skipped)
	assert.Empty(t, f.overflowed)
}

// Control frames beyond their number are skipped as in the other mode that ends
// nobody.
func TestBacklog_LatestBoundsControlFrames(t *testing.T) {
	f := newFixture(t, skipOldest(10<<10))
	p := f.add("")
	fill(t, p)
	for range 100 {
		f.EnqueueControl(p.Client, []byte{0x8a, 0})
	}
	f.Settle()
	assert.EqualValues(t, 100-maxControls, f.Counters.Skipped)
	assert.Empty(t, f.overflowed)
}

// A reply that has to wait makes room for itself as a message does.
func TestSend_LatestMakesRoom(t *testing.T) {
	f := newFixture(t, skipOldest(10<<10))
	p := f.add("")
	fill(t, p)
	for i := range 50 {
		reply := text("%06d%s", i, bytes.Repeat([]byte{'.'}, 1000)).Frame()
		f.Send(p.Client, reply, 1)
		require.LessOrEqual(t, p.Backlog(), 10<<10, fmt.Sprint(i))
	}
	p.read()
	got := numbers(t, split(t, f.drain(p)))
	assert.Equal(t, 49, got[len(got)-1])
	assert.Less(t, len(got), 12)
}
