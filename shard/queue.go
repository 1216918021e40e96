package shard

// queue is what waits to be written to one client, oldest first: a list of
// references to frames, whose links live in the shard's nodes.
type queue struct {
	head, tail uint32 // nodes, 0 for none
	bytes      int32  // not yet written, of all frames
	offset     int32  // already written, of the head
}

// nodes are the links of all queues of a shard. Node 0 is never used.
type nodes struct {
	list []node
	free uint32
}

type node struct {
	frame []byte // immutable and shared
	next  uint32
}

func (n *nodes) take(frame []byte) uint32 {
	if n.free == 0 {
		if len(n.list) == 0 {
			n.list = append(n.list, node{})
		}
		n.list = append(n.list, node{frame: frame})
		return uint32(len(n.list) - 1)
	}
	at := n.free
	n.free = n.list[at].next
	n.list[at] = node{frame: frame}
	return at
}

func (n *nodes) put(at uint32) {
	n.list[at] = node{next: n.free}
	n.free = at
}

func (q *queue) push(n *nodes, frame []byte) {
	at := n.take(frame)
	if q.head == 0 {
		q.head = at
	} else {
		n.list[q.tail].next = at
	}
	q.tail = at
	q.bytes += int32(len(frame))
}

// advance drops the first n bytes, which have been written, and returns how
// many frames that completed.
func (q *queue) advance(n *nodes, written int) (frames int) {
	q.bytes -= int32(written)
	written += int(q.offset)
	for q.head != 0 {
		head := &n.list[q.head]
		if written < len(head.frame) {
			break
		}
		written -= len(head.frame)
		done := q.head
		q.head = head.next
		n.put(done)
		frames++
	}
	q.offset = int32(written)
	if q.head == 0 {
		q.tail = 0
	}
	return frames
}

// gather returns the bytes to write next, at most limit of them unless the
// first frame alone is longer. A single frame is returned as it is; several are
// copied to scratch, which is returned too, to be used again.
func (q *queue) gather(n *nodes, scratch []byte, limit int) (next, reuse []byte) {
	head := &n.list[q.head]
	first := head.frame[q.offset:]
	if head.next == 0 || len(first) >= limit {
		return first, scratch
	}
	scratch = append(scratch[:0], first...)
	for at := head.next; at != 0; at = n.list[at].next {
		frame := n.list[at].frame
		if len(scratch)+len(frame) > limit {
			break
		}
		scratch = append(scratch, frame...)
	}
	return scratch, scratch
}

// clear drops all frames. With keepStarted a frame of which a part has been
// written stays, so that the peer can still understand what follows it.
func (q *queue) clear(n *nodes, keepStarted bool) (frames int) {
	at := q.head
	kept := queue{}
	if keepStarted && q.offset > 0 {
		kept = queue{head: at, tail: at, offset: q.offset, bytes: int32(len(n.list[at].frame)) - q.offset}
		next := n.list[at].next
		n.list[at].next = 0
		at = next
	}
	for at != 0 {
		next := n.list[at].next
		n.put(at)
		at = next
		frames++
	}
	*q = kept
	return frames
}
