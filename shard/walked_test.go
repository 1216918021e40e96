package shard

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// An op that wants to know when its audience has been visited changes nothing about
// the delivery: what follows it still goes out with it.
func TestWalk_Walked(t *testing.T) {
	f := newFixture(t)
	var members []*peer
	for range walkChunk + 10 {
		members = append(members, f.addTo("r"))
	}
	f.toRoom("r", text("one"))
	calls := 0
	f.Post(&Op{To: ToRoom, Room: "r", Message: text("two"), Walked: func(s *Shard) {
		calls++
		assert.Same(t, f.Shard, s)
		assert.Equal(t, []string{"one", "two", "three"}, members[0].texts())
		assert.Equal(t, []string{"one", "two", "three"}, members[len(members)-1].texts(), "it is the end of the walk")
	}})
	f.toRoom("r", text("three"))
	f.Turn()
	assert.Zero(t, calls, "a turn is not enough for all")
	f.turns()
	assert.Equal(t, 1, calls)
	assert.EqualValues(t, len(members), f.Counters.Writes, "each gets all in one write")
	f.toRoom("r", text("four"))
	f.turns()
	assert.Equal(t, 1, calls, "it is forgotten")
}

// Nobody is soon visited.
func TestWalk_WalkedByNobody(t *testing.T) {
	f := newFixture(t)
	calls := 0
	for _, op := range []Op{{To: ToRoom, Room: "none"}, {To: ToAll}, {To: ToRooms, Rooms: []string{"a", "b"}}, {To: ToClients}} {
		op.Message, op.Walked = text("x"), func(*Shard) { calls++ }
		f.Post(&op)
	}
	f.turns()
	assert.Equal(t, 4, calls)
}
