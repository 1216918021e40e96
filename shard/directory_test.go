package shard

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestShardSet(t *testing.T) {
	var set ShardSet
	for _, s := range []uint8{0, 63, 64, 255} {
		assert.False(t, set.Has(s))
		set.Add(s)
		assert.True(t, set.Has(s))
	}
	assert.Equal(t, []uint8{0, 63, 64, 255}, slices.Collect(set.All))
	set.Remove(63)
	assert.Equal(t, []uint8{0, 64, 255}, slices.Collect(set.All))
	for s := range set.All {
		assert.Zero(t, s)
		break
	}
}

func TestDirectory_RoomIsWhereItsMembersAre(t *testing.T) {
	var edges []string
	d := NewDirectory(func(room string, members bool) { edges = append(edges, fmt.Sprint(room, members)) })
	d.addMember("r", 1)
	d.addMember("r", 1)
	d.addMember("r", 200)
	shards, members := d.Room("r")
	assert.Equal(t, []uint8{1, 200}, slices.Collect(shards.All))
	assert.Equal(t, 3, members)
	d.removeMember("r", 1)
	d.removeMember("r", 1)
	shards, _ = d.Room("r")
	assert.Equal(t, []uint8{200}, slices.Collect(shards.All))
	assert.Equal(t, []string{"rtrue"}, edges)
	d.removeMember("r", 200)
	shards, members = d.Room("r")
	assert.Zero(t, shards)
	assert.Zero(t, members)
	d.addMember("r", 3)
	assert.Equal(t, []string{"rtrue", "rfalse", "rtrue"}, edges)
}

func TestDirectory_UsersHaveClients(t *testing.T) {
	f := newFixture(t)
	a, b, other := f.add("ada"), f.add("ada"), f.add("bob")
	f.add("")
	assert.ElementsMatch(t, []ID{a.ID(), b.ID()}, f.directory.User("ada", nil))
	assert.Equal(t, []ID{other.ID()}, f.directory.User("bob", nil))
	assert.Empty(t, f.directory.User("", nil), "the anonymous are nobody's clients")
	assert.Equal(t, 2, f.directory.Users())
	assert.Equal(t, 4, f.directory.Clients())
	f.Remove(a.Client)
	assert.Equal(t, []ID{b.ID()}, f.directory.User("ada", nil))
	f.Remove(b.Client)
	assert.Empty(t, f.directory.User("ada", nil))
	assert.Equal(t, 1, f.directory.Users())
}

// TestDirectory_EdgesAreInTurns is what the bus relies on: who saw the last
// member go must not speak after who saw the next first one come.
func TestDirectory_EdgesAreInTurns(t *testing.T) {
	var rooms [7]bool
	d := NewDirectory(func(room string, members bool) {
		r := &rooms[room[0]-'0'] // under the room's lock, or the race detector speaks
		if *r == members {
			t.Errorf("room %s: %v twice", room, members)
		}
		*r = members
	})
	var all sync.WaitGroup
	for shard := range uint8(8) {
		all.Go(func() {
			for i := range 5000 {
				name := fmt.Sprint(i % len(rooms))
				d.addMember(name, shard)
				d.Room(name)
				d.removeMember(name, shard)
			}
		})
	}
	all.Wait()
	assert.Equal(t, [7]bool{}, rooms, "each first has its last")
	assert.Zero(t, d.Rooms())
}

func TestInbox_OrderOfEachProducer(t *testing.T) {
	const producers, each = 8, 2000
	f := newFixture(t)
	next := make([]int, producers)
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() {
			for i := range each {
				f.Post(&Op{Call: func(*Shard) {
					if next[p] != i {
						t.Errorf("producer %d: %d after %d", p, i, next[p])
					}
					next[p]++
				}})
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for finished := false; !finished; {
		select {
		case <-done:
			finished = true
		default:
		}
		f.turns()
	}
	for p := range producers {
		assert.Equal(t, each, next[p])
	}
}
