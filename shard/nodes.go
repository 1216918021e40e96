package shard

import "slices"

// nodes are the links of all queues of a shard, in chunks that are given back
// when they have been empty for a while: a burst of waiting frames must not
// hold its memory for ever.
type nodes struct {
	chunks []*nodeChunk // by number, nil for a number that waits for a chunk
	unused []uint32     // numbers without a chunk
	open   []uint32     // chunks with a free node
	empty  int          // chunks without a used one
	bytes  int          // not yet written, of all queues
}

type nodeChunk struct {
	list [nodeChunkSize]node
	free uint32 // first free node of the list, if used < nodeChunkSize
	used int
}

type node struct {
	frame  []byte // one frame, or several; immutable and shared
	next   uint32 // in a queue: the next node, 0 for none
	frames uint32 // their number
}

const (
	nodeChunkSize = 1024 // 32 KiB
	keptChunks    = 8    // empty ones that wait for the next burst
)

// at returns a node by its number, which is never 0.
func (n *nodes) at(number uint32) *node {
	return &n.chunks[(number-1)/nodeChunkSize].list[(number-1)%nodeChunkSize]
}

func (n *nodes) take(frame []byte, frames int) (number uint32) {
	if len(n.open) == 0 {
		n.grow()
	}
	k := n.open[len(n.open)-1]
	c := n.chunks[k]
	if c.used == 0 {
		n.empty--
	}
	i := c.free
	c.free = c.list[i].next
	c.list[i] = node{frame: frame, frames: uint32(frames)}
	if c.used++; c.used == nodeChunkSize {
		n.open = n.open[:len(n.open)-1]
	}
	return k*nodeChunkSize + i + 1
}

func (n *nodes) put(number uint32) {
	k, i := (number-1)/nodeChunkSize, (number-1)%nodeChunkSize
	c := n.chunks[k]
	c.list[i] = node{next: c.free}
	c.free = i
	if c.used == nodeChunkSize {
		n.open = append(n.open, k)
	}
	if c.used--; c.used == 0 {
		n.emptied(k)
	}
}

// grow adds an empty chunk.
func (n *nodes) grow() {
	c := new(nodeChunk)
	for i := range c.list {
		c.list[i].next = uint32(i + 1)
	}
	k := uint32(len(n.chunks))
	if last := len(n.unused) - 1; last >= 0 {
		k = n.unused[last]
		n.unused = n.unused[:last]
		n.chunks[k] = c
	} else {
		n.chunks = append(n.chunks, c)
	}
	n.open = append(n.open, k)
	n.empty++
}

// emptied gives a chunk back if enough others are empty.
func (n *nodes) emptied(k uint32) {
	if n.empty < keptChunks {
		n.empty++
		return
	}
	n.chunks[k] = nil
	n.unused = append(n.unused, k)
	i := slices.Index(n.open, k)
	n.open[i] = n.open[len(n.open)-1]
	n.open = n.open[:len(n.open)-1]
}
