package shard

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func (f *fixture) addEcho() *peer {
	p := f.add("")
	f.MakeEcho(p.Client)
	return p
}

func TestEcho_WalksPassItBy(t *testing.T) {
	f := newFixture(t)
	echo, other := f.addEcho(), f.addTo("r")
	f.Join(echo.Client, "r")
	ids := []ID{echo.ID(), other.ID()}
	f.Post(&Op{To: ToAll, Message: text("all")})
	f.Post(&Op{To: ToRoom, Room: "r", Message: text("room")})
	f.Post(&Op{To: ToRooms, Rooms: []string{"r", "s"}, Message: text("rooms")})
	f.Post(&Op{To: ToClients, Clients: ids, Message: text("clients")})
	f.turns()
	assert.Equal(t, []string{"all", "room", "rooms", "clients"}, other.texts())
	assert.Empty(t, echo.texts())
}

func TestEcho_IsNoReceiver(t *testing.T) {
	f := newFixture(t)
	f.add("")
	echo := f.addEcho().Client
	assert.True(t, echo.Echo())
	assert.Equal(t, 2, f.directory.Clients())
	assert.Equal(t, 1, f.directory.Receivers())
	f.Remove(echo)
	assert.Equal(t, 1, f.directory.Receivers())
	again := f.add("").Client
	assert.Same(t, echo, again)
	assert.False(t, again.Echo())
	assert.Equal(t, 2, f.directory.Receivers())
}

func TestEcho_BacklogHasNoLimit(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 1 << 10 })
	p := f.addEcho()
	fill(t, p)
	for range 300 { // more than the number of control frames has room for
		f.Send(p.Client, text("%s", make([]byte, 1000)).Frame(), 1)
		f.EnqueueControl(p.Client, []byte{0x89, 0})
	}
	f.Settle()
	p.read()
	assert.Len(t, split(t, f.drain(p)), 600)
	assert.Empty(t, f.overflowed)
	assert.Zero(t, f.Counters.Dropped)
}

func TestEcho_RatesDoNotHold(t *testing.T) {
	f := newFixture(t, func(o *Options) {
		o.Messages, o.Bytes = Rate{PerSecond: 1, Burst: 1}, Rate{PerSecond: 1, Burst: 1}
	})
	c := f.addEcho().Client
	for range 10 {
		assert.True(t, f.hear(c, 1000))
		assert.True(t, f.SpendFrame(c, 1000))
	}
	assert.Zero(t, c.Strikes)
}
