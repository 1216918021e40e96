package shard

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRoom_JoinAndLeave(t *testing.T) {
	f := newFixture(t)
	a, b := f.add("").Client, f.add("").Client
	assert.True(t, f.Join(a, "r"))
	assert.False(t, f.Join(a, "r"))
	assert.True(t, f.Join(b, "r"))
	assert.True(t, f.Leave(a, "r"))
	assert.False(t, f.Leave(a, "r"))
	assert.True(t, f.Leave(b, "r"))
	assert.Zero(t, f.directory.Rooms())
	assert.Empty(t, f.rooms.byName)
}

func TestRoom_NamesAreCopied(t *testing.T) {
	f := newFixture(t)
	view := []byte("room")
	p := f.add("")
	f.Join(p.Client, unsafe.String(&view[0], len(view)))
	copy(view, "else")
	assert.Equal(t, []string{"room"}, f.Rooms(p.Client, nil))
	name, member := f.Membership(p.Client, "room")
	assert.True(t, member)
	assert.Equal(t, "room", name)
	_, members := f.directory.Room("room")
	assert.Equal(t, 1, members)
	_, member = f.Membership(p.Client, "else")
	assert.False(t, member)
}

func TestRoom_RemoveLeavesAllRooms(t *testing.T) {
	f := newFixture(t)
	p, other := f.addTo("a", "b", "c"), f.addTo("b")
	assert.Equal(t, []string{"a", "b", "c"}, f.Rooms(p.Client, nil))
	f.Remove(p.Client)
	f.Remove(p.Client) // a second time does nothing
	assert.Equal(t, 1, f.directory.Rooms())
	shards, members := f.directory.Room("b")
	assert.Equal(t, 1, members)
	assert.True(t, shards.Has(3))
	assert.True(t, f.IsMember(other.Client, "b"))
}

// TestRoom_AgainstModel plays random joins, leaves, removals and walks, and
// compares what the shard knows with plain sets after each.
func TestRoom_AgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	f := newFixture(t)
	model := map[string]map[*Client]bool{}
	var clients []*Client
	var walked *room
	for step := range 20_000 {
		name := fmt.Sprint("room", random.IntN(6))
		switch action := random.IntN(10); {
		case action == 0 || len(clients) < 5:
			clients = append(clients, f.Add(Socket{FD: -1}, nil))
		case action == 1:
			i := random.IntN(len(clients))
			f.Remove(clients[i])
			for _, members := range model {
				delete(members, clients[i])
			}
			clients = slices.Delete(clients, i, i+1)
		case action == 2 && walked == nil:
			if walked = f.rooms.get(name); walked != nil {
				walked.walking = true
			}
		case action == 3 && walked != nil:
			f.endWalk(walked)
			walked = nil
		case action < 7:
			c := clients[random.IntN(len(clients))]
			joined := f.Join(c, name)
			require.Equal(t, !model[name][c], joined)
			if model[name] == nil {
				model[name] = map[*Client]bool{}
			}
			model[name][c] = true
		default:
			c := clients[random.IntN(len(clients))]
			left := f.Leave(c, name)
			require.Equal(t, model[name][c], left)
			delete(model[name], c)
		}
		if step%50 == 0 {
			requireModel(t, f, model)
		}
	}
}

func requireModel(t *testing.T, f *fixture, model map[string]map[*Client]bool) {
	t.Helper()
	for name, want := range model {
		got := map[*Client]bool{}
		if found := f.rooms.get(name); found != nil {
			for at, m := range found.members {
				if m.slot == hole {
					require.True(t, found.walking, "holes are closed when a walk has ended")
					continue
				}
				c := f.slots.at(m.slot)
				got[c] = true
				require.Equal(t, membership{room: found.number, at: uint32(at)}, c.rooms[m.at])
			}
		}
		require.True(t, maps.Equal(want, got), name)
		_, members := f.directory.Room(name)
		require.Equal(t, len(want), members)
	}
}

func TestRoom_JoinAndLeaveDoNotAllocate(t *testing.T) {
	f := newFixture(t)
	p := f.addTo("busy")
	for range 100 {
		f.addTo("busy")
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		f.Leave(p.Client, "busy")
		f.Join(p.Client, "busy")
	}))
}
