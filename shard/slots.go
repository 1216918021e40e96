package shard

import "sync/atomic"

// slots is a table of client records in chunks that never move, so that a
// record's address is stable and other goroutines can read its tag.
type slots struct {
	chunks [maxSlots / chunkSize]atomic.Pointer[chunk]
	free   []uint32
	used   uint32 // slots 0 to used-1 have been handed out at least once
	open   int
}

const chunkSize = 1024

type chunk struct {
	clients   [chunkSize]Client
	metadata  []*metadata        // by slot; nil while no client of the chunk has had any
	remotes   *[chunkSize]remote // by slot; nil while none has been kept
	wrappings []wrapping         // by slot; nil while no client of the chunk has had any
}

// take returns a free record and its slot, nil when all slots are in use.
func (t *slots) take() (*Client, uint32) {
	if n := len(t.free); n > 0 {
		slot := t.free[n-1]
		t.free = t.free[:n-1]
		t.open++
		return t.at(slot), slot
	}
	if t.used == maxSlots {
		return nil, 0
	}
	slot := t.used
	if slot%chunkSize == 0 {
		t.chunks[slot/chunkSize].Store(new(chunk))
	}
	t.used++
	t.open++
	return t.at(slot), slot
}

func (t *slots) put(slot uint32) {
	t.free = append(t.free, slot)
	t.open--
}

// at returns the record of a slot below used.
func (t *slots) at(slot uint32) *Client {
	return &t.chunks[slot/chunkSize].Load().clients[slot%chunkSize]
}

// find returns the record of any slot, nil where none was ever used. Any
// goroutine may call it, and read the record's tag.
func (t *slots) find(slot uint32) *Client {
	c := t.chunks[slot/chunkSize].Load()
	if c == nil {
		return nil
	}
	return &c.clients[slot%chunkSize]
}
