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
	one := &link{interest: in, connected: true, certain: time.Now(), nudged: make(chan struct{}, 1), lapsing: map[*subscription]bool{}}
	other := &link{interest: in, connected: true, certain: time.Now(), nudged: make(chan struct{}, 1), lapsing: map[*subscription]bool{}}
	now := one
	in.route = func(string) *link { return now }
	in.enter("x")
	in.enter("y")
	x := in.names.room("x")
	on, off, _ := one.changes(10)
	assert.ElementsMatch(t, []string{x, in.names.room("y")}, on)
	assert.Empty(t, off)

	now = other
	in.reroute()
	now = one
	in.channels[x].move(one)
	one.change(in.channels[x])
	on, off, _ = one.changes(10)
	assert.Equal(t, []string{x}, on)
	assert.Equal(t, []string{in.names.room("y")}, off)
	assert.True(t, one.anyLapsed(), "what came between is missing")
	assert.Len(t, one.lapsing, 1)
	assert.Len(t, other.lapsing, 1)
	assert.False(t, in.channels[x].lapsed.After(one.certain))
}

// What has changed is told in batches.
func TestLink_Batches(t *testing.T) {
	in := &interest{names: newNames(&Options{}, 1), channels: map[string]*subscription{}}
	l := &link{interest: in, connected: true}
	in.route = func(string) *link { return l }
	for _, room := range []string{"a", "b", "c"} {
		in.enter(room)
	}
	on, _, more := l.changes(2)
	assert.Len(t, on, 2)
	assert.True(t, more)
	on, _, more = l.changes(2)
	assert.Len(t, on, 1)
	assert.False(t, more)
}

// What has lapsed is looked at where it can be had, until it stands again or is
// not wanted any more.
func TestLink_Lapsing(t *testing.T) {
	in := &interest{names: newNames(&Options{}, 1), channels: map[string]*subscription{}}
	nowhere, one := &link{interest: in}, &link{interest: in}
	nowhere.prepare()
	one.prepare()
	one.connected = true
	now := one
	in.route = func(string) *link { return now }
	in.enter("stays")
	in.enter("goes")
	_, _, _ = one.changes(10)
	assert.False(t, one.anyLapsed())

	now = nowhere
	in.reroute()
	assert.False(t, one.anyLapsed(), "it is elsewhere")
	assert.Empty(t, one.lapsing)
	assert.Len(t, nowhere.lapsing, 2)
	in.leave("goes")
	assert.Len(t, nowhere.lapsing, 1)

	now = one
	in.reroute()
	_, _, _ = one.changes(10)
	assert.True(t, one.anyLapsed())
	rooms, _, _ := one.lapsed()
	assert.Empty(t, rooms, "it does not stand")
	in.channels[in.names.room("stays")].standing = true
	rooms, others, since := one.lapsed()
	assert.Equal(t, []string{"stays"}, rooms)
	assert.Empty(t, others)
	assert.Equal(t, one.certain, since)
	assert.False(t, one.anyLapsed())
	assert.Empty(t, one.lapsing)
}
