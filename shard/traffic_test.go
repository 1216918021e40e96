package shard

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// traffic returns what EachTraffic tells, by room: members and messages.
func (d *Directory) traffic() map[string][2]int {
	all := map[string][2]int{}
	d.EachTraffic(func(name string, members, messages int) { all[name] = [2]int{members, messages} })
	return all
}

func TestDirectory_MessagesAreCounted(t *testing.T) {
	d := NewDirectory(nil)
	d.addMember("a", 1)
	d.addMember("a", 7)
	d.addMember("b", 1)
	for range 3 {
		shards, members, watched := d.Reach("a")
		assert.Equal(t, []uint8{1, 7}, slices.Collect(shards.All))
		assert.Equal(t, 2, members)
		assert.False(t, watched)
	}
	shards, members, watched := d.Reach("none")
	assert.Zero(t, shards)
	assert.Zero(t, members)
	assert.False(t, watched)
	d.Room("b") // is no message
	assert.Equal(t, map[string][2]int{"a": {2, 3}, "b": {1, 0}}, d.traffic())
	d.Reach("b")
	assert.Equal(t, map[string][2]int{"a": {2, 0}, "b": {1, 1}}, d.traffic(), "what was told is not told again")
	d.Reach("a")
	d.removeMember("a", 1)
	d.removeMember("a", 7)
	d.addMember("a", 1)
	assert.Equal(t, map[string][2]int{"a": {1, 0}, "b": {1, 0}}, d.traffic(), "who comes later counts anew")
}

// There are as many of them as rooms.
func TestDirectory_PresenceIsOneCacheLine(t *testing.T) {
	assert.EqualValues(t, 64, unsafe.Sizeof(presence{}))
}
