package shard

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (f *fixture) toRooms(message string, rooms ...string) {
	f.Post(&Op{To: ToRooms, Rooms: rooms, Message: text("%s", message)})
}

func TestRoomsWalk_EachMemberGetsItOnce(t *testing.T) {
	f := newFixture(t)
	a, b, both, none := f.addTo("a"), f.addTo("b"), f.addTo("a", "b", "c"), f.addTo("d")
	f.toRooms("1", "a", "b", "b", "missing")
	f.toRooms("2", "missing")
	f.toRoom("a", text("3"))
	f.turns()
	assert.Equal(t, []string{"1", "3"}, a.texts())
	assert.Equal(t, []string{"1"}, b.texts())
	assert.Equal(t, []string{"1", "3"}, both.texts())
	assert.Empty(t, none.texts())
}

// Rooms of many members are walked over several turns, and between them members
// come, go, and leave their slots to others.
func TestRoomsWalk_ChurnBetweenTurns(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { churnDuringRoomsWalk(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func churnDuringRoomsWalk(t *testing.T, dice *rand.Rand) {
	f := newFixture(t)
	rooms := []string{"a", "b", "c"}
	type state struct {
		stayed bool // a member of one room or another all the time
		gone   bool
	}
	members := map[*peer]*state{}
	for range 2 * walkChunk {
		p := f.addTo(rooms[dice.IntN(3)])
		f.Join(p.Client, rooms[dice.IntN(3)])
		members[p] = &state{stayed: true}
	}
	var late []*peer
	f.toRooms("hello", rooms...)
	for f.Turn() {
		for p, is := range members {
			switch {
			case is.gone || dice.IntN(20) > 0:
			case dice.IntN(2) == 0:
				is.gone = true
				require.LessOrEqual(t, len(p.texts()), 1)
				f.Remove(p.Client)
				late = append(late, f.addTo(rooms...)) // in the same slot
			default:
				is.stayed = false
				f.LeaveAll(p.Client)
			}
		}
	}
	for p, is := range members {
		switch got := p.texts(); {
		case is.gone:
		case is.stayed:
			require.Equal(t, []string{"hello"}, got)
		default:
			require.LessOrEqual(t, len(got), 1)
		}
	}
	for _, p := range late {
		require.Empty(t, p.texts(), "who came after the message was posted is not its audience")
	}
	for _, room := range rooms {
		require.False(t, f.rooms.get(room).walking)
		require.Zero(t, f.rooms.get(room).holes)
	}
}

func TestWalk_FilterPicksTheAudience(t *testing.T) {
	f := newFixture(t)
	ann, bob := f.add("ann"), f.add("bob")
	f.Join(ann.Client, "r")
	f.Join(bob.Client, "r")
	isAnn := func(c *Client) bool { return c.User().ID == "ann" }
	f.toRoom("r", text("1"))
	f.Post(&Op{To: ToRoom, Room: "r", Message: text("2"), Filter: isAnn})
	f.Post(&Op{To: ToAll, Message: text("3"), Filter: isAnn, Except: ann.ID()})
	f.Post(&Op{To: ToClients, Clients: []ID{ann.ID(), bob.ID()}, Message: text("4"), Filter: isAnn})
	f.toRoom("r", text("5"))
	f.turns()
	assert.Equal(t, []string{"1", "2", "4", "5"}, ann.texts())
	assert.Equal(t, []string{"1", "5"}, bob.texts())
}
