package shard

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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
	d := NewDirectory()
	assert.True(t, d.addMember("r", 1))
	assert.False(t, d.addMember("r", 1))
	assert.False(t, d.addMember("r", 200))
	shards, members := d.Room("r")
	assert.Equal(t, []uint8{1, 200}, slices.Collect(shards.All))
	assert.Equal(t, 3, members)
	assert.False(t, d.removeMember("r", 1))
	assert.False(t, d.removeMember("r", 1))
	shards, _ = d.Room("r")
	assert.Equal(t, []uint8{200}, slices.Collect(shards.All))
	assert.True(t, d.removeMember("r", 200))
	shards, members = d.Room("r")
	assert.Zero(t, shards)
	assert.Zero(t, members)
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
	f.Remove(a.Client, nil)
	assert.Equal(t, []ID{b.ID()}, f.directory.User("ada", nil))
	f.Remove(b.Client, nil)
	assert.Empty(t, f.directory.User("ada", nil))
	assert.Equal(t, 1, f.directory.Users())
}

func TestDirectory_ManyGoroutines(t *testing.T) {
	d := NewDirectory()
	var edges atomic.Int64
	var all sync.WaitGroup
	for shard := range uint8(8) {
		all.Go(func() {
			for i := range 5000 {
				name := fmt.Sprint(i % 7)
				if d.addMember(name, shard) {
					edges.Add(1)
				}
				d.Room(name)
				if d.removeMember(name, shard) {
					edges.Add(-1)
				}
			}
		})
	}
	all.Wait()
	assert.Zero(t, edges.Load(), "each first has its last")
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
