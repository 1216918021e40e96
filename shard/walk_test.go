package shard

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWalk_MessagesOfATurnAreOneWrite(t *testing.T) {
	f := newFixture(t)
	peers := []*peer{f.addTo("r"), f.addTo("r"), f.addTo("other")}
	var want []string
	for i := range 20 {
		f.toRoom("r", text("%d", i))
		want = append(want, fmt.Sprint(i))
	}
	f.turns()
	assert.Equal(t, want, peers[0].texts())
	assert.Equal(t, want, peers[1].texts())
	assert.Empty(t, peers[2].texts())
	assert.EqualValues(t, 2, f.Counters.Writes)
	assert.EqualValues(t, 40, f.Counters.FramesOut)
}

func TestWalk_AudiencesInterleavedAreOneWriteInOrder(t *testing.T) {
	f := newFixture(t)
	p := f.addTo("a", "b")
	f.toRoom("a", text("1"))
	f.toRoom("b", text("2"))
	f.Post(&Op{To: ToClients, Clients: []ID{p.ID()}, Message: text("3")})
	f.Post(&Op{To: ToAll, Message: text("4")})
	f.toRoom("a", text("5"))
	f.turns()
	assert.Equal(t, []string{"1", "2", "3", "4", "5"}, p.texts())
	assert.EqualValues(t, 1, f.Counters.Writes)
}

func TestWalk_ExceptLeavesOneOut(t *testing.T) {
	f := newFixture(t)
	a, b := f.addTo("r"), f.addTo("r")
	f.toRoom("r", text("all"))
	f.toRoom("r", text("not a"), a.ID())
	f.toRoom("r", text("not b"), b.ID())
	f.Post(&Op{To: ToAll, Message: text("all but a"), Except: a.ID()})
	f.turns()
	assert.Equal(t, []string{"all", "not b"}, a.texts())
	assert.Equal(t, []string{"all", "not a", "all but a"}, b.texts())
}

func TestWalk_ExceptLeavesOneOutOfARunWrittenAtOnce(t *testing.T) {
	f := newFixture(t)
	a, b := f.addTo("r"), f.addTo("r")
	f.toRoom("r", text("1"))
	f.toRoom("r", text("2"), a.ID())
	f.turns()
	assert.Equal(t, []string{"1"}, a.texts())
	assert.Equal(t, []string{"1", "2"}, b.texts())
}

func TestWalk_LargeRoomTakesTurns(t *testing.T) {
	f := newFixture(t)
	var peers []*peer
	for range walkChunk*2 + 1 {
		peers = append(peers, f.addTo("r"))
	}
	f.toRoom("r", text("1"))
	f.toRoom("r", text("2"))
	require.True(t, f.Turn())
	require.Equal(t, []string{"1", "2"}, peers[0].texts())
	require.Empty(t, peers[walkChunk*2].read(), "the walk has not come here")

	// What comes later must not overtake the walk, whatever its audience.
	last := peers[walkChunk*2]
	f.Post(&Op{To: ToClients, Clients: []ID{last.ID()}, Message: text("3")})
	f.turns()
	assert.Equal(t, []string{"1", "2", "3"}, last.texts())
}

func TestWalk_MembersComeAndGoBetweenTurns(t *testing.T) {
	f := newFixture(t)
	var peers []*peer
	for range walkChunk * 3 {
		peers = append(peers, f.addTo("r"))
	}
	f.toRoom("r", text("1"))
	require.True(t, f.Turn())

	visited, waiting := peers[0], peers[walkChunk*2]
	f.Leave(visited.Client, "r")
	f.Leave(waiting.Client, "r")
	f.Remove(peers[walkChunk*2+1].Client)
	late := f.addTo("r")
	back := waiting
	f.Join(back.Client, "r")
	f.turns()

	assert.Equal(t, []string{"1"}, visited.texts())
	assert.Empty(t, late.texts(), "joined after the message was sent")
	assert.Empty(t, back.texts(), "left before the walk came")
	for _, i := range []int{1, walkChunk, walkChunk*2 + 2, walkChunk*3 - 1} {
		assert.Equal(t, []string{"1"}, peers[i].texts(), "each member once")
	}
	_, members := f.directory.Room("r")
	assert.Len(t, f.rooms.get("r").members, members, "holes are closed")

	f.toRoom("r", text("2"))
	f.turns()
	assert.Equal(t, []string{"2"}, late.texts())
	assert.Equal(t, []string{"2"}, back.texts())
	assert.Empty(t, visited.texts())
}

func TestWalk_RoomEmptiedMeanwhileIsForgotten(t *testing.T) {
	f := newFixture(t)
	var peers []*peer
	for range walkChunk + 1 {
		peers = append(peers, f.addTo("r"))
	}
	f.toRoom("r", text("1"))
	require.True(t, f.Turn())
	for _, p := range peers {
		f.Leave(p.Client, "r")
	}
	require.NotNil(t, f.rooms.get("r"), "the walk still needs it")
	f.turns()
	assert.Nil(t, f.rooms.get("r"))
	f.toRoom("r", text("to nobody"))
	f.turns()
}

func TestWalk_RunsAreBounded(t *testing.T) {
	f := newFixture(t)
	p := f.addTo("r")
	big := make([]byte, maxRunBytes/2)
	for range 5 {
		f.toRoom("r", text("%s", big))
	}
	for range maxRunMessages + 1 {
		f.toRoom("r", text("small"))
	}
	f.turns()
	got := p.texts()
	got = append(got, split(t, f.drain(p))...)
	assert.Len(t, got, 5+maxRunMessages+1)
}

func TestTurn_CallsAreInOrderWithMessages(t *testing.T) {
	f := newFixture(t)
	p := f.addTo("r")
	f.toRoom("r", text("before"))
	f.Post(&Op{Call: func(s *Shard) { s.Leave(p.Client, "r") }})
	f.toRoom("r", text("after"))
	f.turns()
	assert.Equal(t, []string{"before"}, p.texts())
}

func TestTurn_InboxIsBoundedUntilDone(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxInbox = 10 * opOverhead })
	f.addTo("r")
	posted := 0
	for ; !f.Full(); posted++ {
		f.toRoom("r", text("x"))
	}
	assert.InDelta(t, 10, posted, 2)
	f.turns()
	assert.False(t, f.Full())
	assert.Zero(t, f.waiting.Load())
}

func TestTurn_DoesNotAllocate(t *testing.T) {
	f := newFixture(t)
	var peers []*peer
	for range 50 {
		peers = append(peers, f.addTo("r"))
	}
	m, buffer := text("hello"), make([]byte, 1<<16)
	round := func() {
		f.toRoom("r", m)
		f.toRoom("r", m)
		f.Turn()
		for _, p := range peers {
			readInto(p, buffer)
		}
	}
	round()
	assert.Zero(t, testing.AllocsPerRun(50, round))
}

// A shard that is always busy must not hold on to what it has delivered.
func TestTurn_LetsGoOfWhatHasBegun(t *testing.T) {
	f := newFixture(t)
	for range walkChunk + 1 {
		f.addTo("r")
	}
	f.Post(&Op{Call: func(*Shard) {}})
	f.toRoom("r", text("1"))
	f.Post(&Op{Call: func(*Shard) {}})
	require.True(t, f.Turn(), "the walk is under way")
	require.Equal(t, 2, f.next)
	require.Len(t, f.ops, 3)
	assert.Zero(t, f.ops[0])
	assert.Zero(t, f.ops[1])
	f.turns()
}

func TestOp_CostCountsReceivers(t *testing.T) {
	op := Op{To: ToClients, Clients: make([]ID, 1000), Message: text("x")}
	assert.GreaterOrEqual(t, op.cost(), int64(1000*IDSize))
}
