package shard

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// To the rest of the node a room is present from its first member or watcher to its
// last, whoever of them comes first and goes last.
func TestDirectory_WatchersMakeARoomPresent(t *testing.T) {
	d := (*Directory)(nil)
	steps := map[string]func(){
		"join":    func() { d.addMember("r", 1) },
		"leave":   func() { d.removeMember("r", 1) },
		"watch":   func() { d.Watch("r") },
		"unwatch": func() { d.Unwatch("r") },
	}
	for _, order := range [][]string{
		{"watch", "unwatch"},
		{"watch", "watch", "unwatch", "unwatch"},
		{"join", "watch", "unwatch", "leave"},
		{"join", "watch", "leave", "unwatch"},
		{"watch", "join", "leave", "unwatch"},
		{"watch", "join", "unwatch", "leave"},
		{"watch", "join", "join", "unwatch", "watch", "leave", "leave", "unwatch"},
	} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			var edges []bool
			d = NewDirectory(func(_ string, present bool) { edges = append(edges, present) })
			for i, step := range order {
				steps[step]()
				if i < len(order)-1 {
					assert.Equal(t, []bool{true}, edges, "after %s", step)
				}
			}
			assert.Equal(t, []bool{true, false}, edges)
			assert.Zero(t, d.Rooms())
			assert.Empty(t, d.stripe("r").watched)
		})
	}
}

func TestDirectory_WatchedRoom(t *testing.T) {
	d := NewDirectory(nil)
	d.Watch("r")
	_, members, watched := d.Reach("r")
	assert.Zero(t, members)
	assert.True(t, watched, "nobody is in it")
	assert.Zero(t, d.Rooms(), "a room is what has members")
	d.addMember("r", 3)
	_, members, watched = d.Reach("r")
	assert.Equal(t, 1, members)
	assert.True(t, watched)
	_, _, watched = d.Reach("other")
	assert.False(t, watched)
	d.Unwatch("r")
	_, members, watched = d.Reach("r")
	assert.Equal(t, 1, members)
	assert.False(t, watched)
}
