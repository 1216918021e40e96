package shard

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func readInto(p *peer, buffer []byte) { _, _ = unix.Read(p.far, buffer) }

// drain reads all that the shard still has for a peer.
func (f *fixture) drain(p *peer) []byte {
	all := p.read()
	for f.Blocked() > 0 || !f.Settled() {
		all = append(all, p.read()...)
		f.writable()
	}
	return append(all, p.read()...)
}

func TestQueue_GatherAndAdvance(t *testing.T) {
	var n nodes
	var q queue
	for _, frame := range []string{"aaa", "bb", "cccc"} {
		q.push(&n, []byte(frame), 1)
	}
	next, scratch := q.gather(&n, nil, 6)
	assert.Equal(t, "aaabb", string(next), "whole frames up to the limit")
	assert.Equal(t, 1, q.advance(&n, 4), "one is done, one has begun")
	next, scratch = q.gather(&n, scratch, 100)
	assert.Equal(t, "bcccc", string(next))
	assert.EqualValues(t, 5, q.bytes)
	next, _ = q.gather(&n, scratch, 1)
	assert.Equal(t, "b", string(next), "a first frame beyond the limit comes alone")
	assert.Equal(t, 2, q.advance(&n, 5))
	assert.Zero(t, q)

	q.push(&n, []byte("again"), 1)
	assert.Equal(t, 1, n.chunks[0].used, "nodes are used again")
}

func TestQueue_ClearKeepsWhatHasBegun(t *testing.T) {
	for written, want := range map[int]string{0: "", 2: "a", 3: "", 4: "b"} {
		var n nodes
		var q queue
		for _, frame := range []string{"aaa", "bb", "cccc"} {
			q.push(&n, []byte(frame), 1)
		}
		q.advance(&n, written)
		q.clear(&n, true)
		assert.EqualValues(t, len(want), q.bytes, written)
		if want != "" {
			next, _ := q.gather(&n, nil, 100)
			assert.Equal(t, want, string(next), written)
		}
	}
}

func TestFlush_FullSocketLosesNothing(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 64 << 20 })
	p := f.addTo("r")
	var want []string
	for i := range 300 {
		want = append(want, strings.Repeat(string(rune('a'+i%26)), 10_000))
		f.toRoom("r", text("%s", want[i]))
	}
	f.turns()
	require.Equal(t, 1, f.Blocked())
	assert.Positive(t, p.Backlog())
	assert.True(t, slices.Equal(want, split(t, f.drain(p))), "the same messages in the same order")
	assert.Zero(t, p.Backlog())
	assert.EqualValues(t, 300, f.Counters.FramesOut)
}

func TestFlush_FrameLargerThanAWrite(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 8 << 20 })
	p := f.addTo("r")
	large := strings.Repeat("x", 4<<20)
	f.toRoom("r", text("%s", large))
	f.toRoom("r", text("small"))
	f.turns()
	got := f.drain(p)
	assert.True(t, bytes.HasSuffix(got, []byte("small")))
	assert.Greater(t, len(got), len(large))
}

func TestSend_CopiesWhatHasToWait(t *testing.T) {
	f := newFixture(t)
	p := f.add("")
	frame := text("reply").Frame()
	f.Send(p.Client, frame, 1)
	assert.Equal(t, []string{"reply"}, p.texts())

	fill(t, p)
	reused := bytes.Clone(frame)
	f.Send(p.Client, reused, 1)
	require.Equal(t, 1, f.Blocked())
	f.Send(p.Client, reused, 1)
	clear(reused)
	p.read()
	assert.Equal(t, []string{"reply", "reply"}, split(t, f.drain(p)))
}

// fill makes the kernel's buffer full.
func fill(t *testing.T, p *peer) {
	for _, size := range []int{4096, 1} {
		for {
			_, err := unix.Write(p.near, make([]byte, size))
			if err == unix.EAGAIN {
				break
			}
			require.NoError(t, err)
		}
	}
}

func TestBacklog_CloseEndsTheSlowOnly(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 100 << 10 })
	slow, quick := f.addTo("r"), f.addTo("r")
	sent := 0
	for ; len(f.overflowed) == 0; sent++ {
		f.toRoom("r", text("%s", make([]byte, 1000)))
		f.turns()
		require.Len(t, quick.texts(), 1)
		require.LessOrEqual(t, slow.Backlog(), 100<<10)
		require.Less(t, sent, 10_000)
	}
	assert.Equal(t, []ID{slow.ID()}, f.overflowed)
	f.toRoom("r", text("more"))
	f.turns()
	assert.Len(t, f.overflowed, 1, "told once")
	f.Discard(slow.Client)
	assert.Positive(t, f.Counters.Dropped)
	split(t, f.drain(slow)) // what has begun is whole
}

func TestBacklog_SkipDropsWholeNewestMessages(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog, o.Overflow = 100<<10, SkipNewest })
	slow := f.addTo("r")
	const sent = 2000
	for i := range sent {
		f.toRoom("r", text("%06d%s", i, make([]byte, 1000)))
		f.turns()
	}
	got := split(t, f.drain(slow))
	assert.Less(t, len(got), sent)
	assert.EqualValues(t, sent-len(got), f.Counters.Skipped)
	for i, m := range got {
		require.Equal(t, text("%06d", i).Payload(), []byte(m[:6]), "the oldest are kept, without a gap")
	}
	assert.Empty(t, f.overflowed)
	f.toRoom("r", text("new"))
	f.turns()
	assert.Equal(t, []string{"new"}, slow.texts())
}

func TestBacklog_BurstBeyondTheLimitReachesAReaderThatKeepsUp(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 20 << 10 })
	p := f.addTo("a", "b")
	for range 30 {
		f.toRoom("a", text("%s", make([]byte, 1000)))
		f.toRoom("b", text("%s", make([]byte, 1000)))
	}
	f.turns()
	assert.Len(t, p.texts(), 60)
	assert.Empty(t, f.overflowed)
}

func TestBacklog_ControlFramesAreExemptButBounded(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 10 << 10 })
	p := f.add("")
	fill(t, p)
	frame := text("%s", make([]byte, 100)).Frame()
	for p.Backlog()+len(frame)+frameCost <= 10<<10 {
		f.Enqueue(p.Client, frame)
		f.Settle()
	}
	f.EnqueueControl(p.Client, frame)
	f.Settle()
	assert.Empty(t, f.overflowed)
	for range 100 {
		f.EnqueueControl(p.Client, frame)
	}
	f.Settle()
	assert.Equal(t, []ID{p.ID()}, f.overflowed)
}

func TestBacklog_TinyFramesCountWhatTheyCost(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 64 << 10 })
	p := f.add("")
	fill(t, p)
	waiting := 0
	for ; len(f.overflowed) == 0; waiting++ {
		require.Less(t, waiting, 64<<10/frameCost+100)
		f.Enqueue(p.Client, []byte{0x8a, 0})
		f.Settle()
	}
	assert.InDelta(t, 64<<10/(frameCost+2), waiting, 40)
}

func TestWrite_BrokenSocketIsDropped(t *testing.T) {
	f := newFixture(t)
	broken, fine := f.addTo("r"), f.addTo("r")
	id := broken.ID()
	require.NoError(t, unix.Shutdown(broken.near, unix.SHUT_WR))
	f.toRoom("r", text("1"))
	f.turns()
	assert.Equal(t, []ID{id}, f.dropped)
	assert.Equal(t, []string{"1"}, fine.texts())
	assert.Equal(t, 1, f.Len())
}

// A peer that goes while its socket is full is found out when there would be room.
func TestWritable_BrokenSocketIsDropped(t *testing.T) {
	f := newFixture(t)
	broken, fine := f.addTo("r"), f.addTo("r")
	id := broken.ID()
	fill(t, broken)
	f.toRoom("r", text("1"))
	f.turns()
	require.Equal(t, 1, f.Blocked())
	require.NoError(t, unix.Shutdown(broken.near, unix.SHUT_WR))
	f.Writable(broken.Client)
	f.Settle()
	assert.Equal(t, []string{"1"}, fine.texts())
	assert.Zero(t, f.Blocked())
	assert.Equal(t, []ID{id}, f.dropped)
	assert.Equal(t, 1, f.Len())
}

func TestFinish_TellsWhenAllIsWritten(t *testing.T) {
	f := newFixture(t)
	quick, slow := f.add(""), f.add("")
	fill(t, slow)
	for _, p := range []*peer{quick, slow} {
		f.EnqueueControl(p.Client, text("bye").Frame())
		f.Finish(p.Client)
	}
	f.Settle()
	assert.Equal(t, []ID{quick.ID()}, f.flushed)
	slow.read()
	f.drain(slow)
	assert.Equal(t, []ID{quick.ID(), slow.ID()}, f.flushed)
}

func TestRemove_ForgetsBlockedClients(t *testing.T) {
	f := newFixture(t)
	a, b := f.add(""), f.add("")
	for _, p := range []*peer{a, b} {
		fill(t, p)
		f.Send(p.Client, text("x").Frame(), 1)
	}
	require.Equal(t, 2, f.Blocked())
	f.Remove(a.Client)
	assert.Equal(t, 1, f.Blocked())
	f.Remove(b.Client)
	assert.Zero(t, f.Blocked())
}

func TestFlush_OneWriteForAClientInATurn(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 64 << 20 })
	greedy, other := f.add(""), f.add("")
	for range 4 {
		f.Enqueue(greedy.Client, make([]byte, maxWrite))
	}
	f.Enqueue(other.Client, []byte("x"))
	assert.True(t, f.Settle(), "more waits")
	assert.EqualValues(t, 2, f.Counters.Writes)
	f.drain(greedy)
	assert.True(t, f.Settled())
	assert.Zero(t, greedy.Backlog())
}

func TestWritable_IsCalledForWhileThereIsNoRoom(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 64 << 20 })
	p := f.add("")
	fill(t, p)
	require.Zero(t, f.awaited[p.ID()])
	f.Enqueue(p.Client, make([]byte, 4<<20))
	f.Settle()
	require.True(t, f.awaited[p.ID()])
	require.Zero(t, f.writable(), "it is full")
	for p.Backlog() > 0 {
		p.read()
		f.writable()
		require.True(t, p.Backlog() == 0 || f.awaited[p.ID()], "the rest is waited for")
	}
	assert.Zero(t, f.Blocked())
	f.writable()
	assert.False(t, f.awaited[p.ID()], "nothing is left to write")
	f.Writable(p.Client) // of an event that was on its way
	assert.False(t, f.awaited[p.ID()])
}

func TestControl_WaitsBehindAMessageLargerThanTheBacklog(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog, o.Overflow = 16<<10, SkipNewest })
	p := f.add("")
	f.Enqueue(p.Client, make([]byte, 4<<20))
	f.Settle()
	require.Greater(t, p.Backlog(), 1<<20)
	f.EnqueueControl(p.Client, []byte{0x8a, 0})
	f.Settle()
	assert.Empty(t, f.overflowed)
	for range 2 * maxControls {
		f.EnqueueControl(p.Client, []byte{0x8a, 0})
	}
	f.Settle()
	assert.Empty(t, f.overflowed, "nobody is closed in this mode")
	assert.EqualValues(t, maxControls+1, f.Counters.Skipped)
	f.drain(p)
	f.EnqueueControl(p.Client, []byte{0x8a, 0})
	f.Settle()
	assert.EqualValues(t, maxControls+1, f.Counters.Skipped, "an empty queue starts anew")
}

// Each write is counted by the frames that it has completed.
func TestCounters_Batches(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 64 << 20 })
	p := f.addTo("r")
	want := [BatchSizes]uint64{}
	for frames, bucket := range map[int]int{1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 8: 3, 9: 4, 1024: 10, 1025: 11, 3000: 11} {
		f.Send(p.Client, bytes.Repeat(text("reply").Frame(), frames), frames)
		require.Len(t, p.texts(), frames)
		want[bucket]++
		require.Equal(t, want, f.Counters.Batches, frames)
	}
	for range 20 {
		f.toRoom("r", text("x"))
	}
	f.turns()
	require.Len(t, p.texts(), 20)
	want[5]++
	require.Equal(t, want, f.Counters.Batches)

	fill(t, p)
	f.Send(p.Client, text("late").Frame(), 1)
	require.Equal(t, want, f.Counters.Batches, "a full socket takes none")
	p.read()
	f.toRoom("r", text("%s", strings.Repeat("x", 4<<20)))
	f.toRoom("r", text("small"))
	f.turns()
	f.drain(p)
	sum := uint64(0)
	for _, n := range f.Counters.Batches {
		sum += n
	}
	require.Equal(t, f.Counters.Writes, sum, "parts of a frame are writes, too")
}
