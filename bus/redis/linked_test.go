package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A channel that has left a link and come back before Redis was told is still
// subscribed to, and must not be unsubscribed from.
func TestLink_ChannelComesBack(t *testing.T) {
	in := &interest{names: newNames(&Options{}, 1), channels: map[string]*subscription{}}
	one := &link{interest: in, connected: true, certain: time.Now(), nudged: make(chan struct{}, 1)}
	other := &link{interest: in, connected: true, certain: time.Now(), nudged: make(chan struct{}, 1)}
	now := one
	in.route = func(string) *link { return now }
	in.enter("x")
	in.enter("y")
	x := in.names.room("x")
	on, off := one.changes(10)
	assert.ElementsMatch(t, []string{x, in.names.room("y")}, on)
	assert.Empty(t, off)

	now = other
	in.reroute()
	now = one
	in.channels[x].move(one)
	one.change(in.channels[x])
	on, off = one.changes(10)
	assert.Equal(t, []string{x}, on)
	assert.Equal(t, []string{in.names.room("y")}, off)
	assert.True(t, in.lapsing, "what came between is missing")
	assert.True(t, one.anyLapsed())
	assert.False(t, in.channels[x].lapsed.After(one.certain))
}
