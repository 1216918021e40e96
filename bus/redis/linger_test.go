package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A room's time begins anew with each parting, and none is forgotten.
func TestInterest_Sweep(t *testing.T) {
	const linger = time.Hour
	in := &interest{linger: linger, names: newNames(&Options{}, 1), channels: map[string]*subscription{}}
	away := &link{interest: in}
	in.route = func(string) *link { return away }
	began := time.Now()
	for _, room := range []string{"left", "wanted", "left again"} {
		in.enter(room)
		in.leave(room)
	}
	in.enter("wanted")
	in.enter("left again")
	in.leave("left again")
	in.channels[in.names.room("left again")].left = began.Add(linger / 2)

	listened := func() (rooms []string) {
		for _, s := range in.channels {
			rooms = append(rooms, s.room)
		}
		return rooms
	}
	in.sweep(began.Add(linger - time.Second))
	assert.ElementsMatch(t, []string{"left", "wanted", "left again"}, listened())
	in.sweep(began.Add(linger + time.Second))
	assert.ElementsMatch(t, []string{"wanted", "left again"}, listened())
	in.sweep(began.Add(linger + linger/2 + time.Second))
	assert.ElementsMatch(t, []string{"wanted"}, listened())
	assert.Empty(t, in.parting)
	in.leave("wanted")
	assert.Len(t, in.parting, 1)
}
