package shard

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestShard_SlotsAreReusedWithNewIDs(t *testing.T) {
	f := newFixture(t)
	first := f.add("")
	old := first.ID()
	assert.True(t, f.Alive(old))
	assert.Same(t, first.Client, f.Find(old))

	f.Remove(first.Client)
	assert.False(t, f.Alive(old))
	assert.Nil(t, f.Find(old))
	assert.Zero(t, f.Len())

	second := f.add("")
	assert.Same(t, first.Client, second.Client, "the record is used again")
	assert.Equal(t, old.Slot(), second.ID().Slot())
	assert.NotEqual(t, old, second.ID())
	assert.False(t, f.Alive(old))
	assert.Nil(t, f.Find(old))
	assert.True(t, f.Alive(second.ID()))
}

func TestShard_ForeignIDsAreNobody(t *testing.T) {
	f := newFixture(t)
	id := f.add("").ID()
	for name, other := range map[string]ID{
		"other node":       {high: id.high ^ 1<<20, low: id.low},
		"other shard":      {high: id.high ^ 1<<8, low: id.low},
		"other random":     {high: id.high, low: id.low ^ 1},
		"other generation": {high: id.high, low: id.low ^ 1<<32},
		"unused slot":      newID(id.Node(), id.Shard(), 5, 1, 1),
		"unused chunk":     newID(id.Node(), id.Shard(), maxSlots-1, 1, 1),
		"nobody":           {},
	} {
		assert.False(t, f.Alive(other), name)
		assert.Nil(t, f.Find(other), name)
	}
}

func TestShard_EachSeesClientsAcrossChunks(t *testing.T) {
	f := newFixture(t)
	clients := map[ID]bool{}
	for range chunkSize + 10 {
		clients[f.Add(Socket{FD: -1}, nil).ID()] = true
	}
	gone := f.slots.at(chunkSize)
	delete(clients, gone.ID())
	f.Remove(gone)
	f.Each(0, f.Slots(), func(c *Client) {
		assert.True(t, clients[c.ID()])
		delete(clients, c.ID())
	})
	assert.Empty(t, clients)
	f.Each(f.Slots(), f.Slots()+100, func(*Client) { t.Error("beyond the last slot") })
}
