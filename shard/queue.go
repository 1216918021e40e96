package shard

import "github.com/gannet-ws/gannet/codec"

// queue is what waits to be written to one client, oldest first: a list of
// references to frames, whose links live in the shard's nodes.
type queue struct {
	head, tail uint32 // nodes, 0 for none
	nodes      int32  // in the list
	bytes      int32  // not yet written, of all frames
	offset     int32  // already written, of the head
}

// frameCost is what a frame that waits costs beside its bytes: its node, and
// what a small allocation is rounded up by. Without it a backlog of tiny frames
// would hold many times its limit.
const frameCost = 64

// cost is what the queue counts for against the backlog's limit, in bytes.
func (q *queue) cost() int { return int(q.bytes) + frameCost*int(q.nodes) }

// push adds bytes that are so many whole frames.
func (q *queue) push(n *nodes, frame []byte, frames int) {
	at := n.take(frame, frames)
	if q.head == 0 {
		q.head = at
	} else {
		n.at(q.tail).next = at
	}
	q.tail = at
	q.nodes++
	q.bytes += int32(len(frame))
	n.bytes += len(frame)
}

// advance drops the first n bytes, which have been written, and returns how
// many frames that completed.
func (q *queue) advance(n *nodes, written int) (frames int) {
	q.bytes -= int32(written)
	n.bytes -= written
	written += int(q.offset)
	for q.head != 0 {
		head := n.at(q.head)
		if written < len(head.frame) {
			break
		}
		written -= len(head.frame)
		done := q.head
		q.head = head.next
		frames += int(head.frames)
		n.put(done)
		q.nodes--
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
	head := n.at(q.head)
	first := head.frame[q.offset:]
	if head.next == 0 || len(first) >= limit {
		return first, scratch
	}
	scratch = append(scratch[:0], first...)
	for at := head.next; at != 0; {
		next := n.at(at)
		if len(scratch)+len(next.frame) > limit {
			break
		}
		scratch = append(scratch, next.frame...)
		at = next.next
	}
	return scratch, scratch
}

// begun is what the head counts for if a part of it has been written, else 0.
func (q *queue) begun(n *nodes) int {
	if q.offset == 0 {
		return 0
	}
	return len(n.at(q.head).frame) - int(q.offset) + frameCost
}

// dropOldest drops what waits, oldest first, until at least excess bytes of its cost
// are gone, and returns how many frames that were. What has begun stays, and so do
// control frames.
func (q *queue) dropOldest(n *nodes, excess int) (frames int) {
	before, at := uint32(0), q.head
	if q.offset > 0 {
		before, at = at, n.at(at).next
	}
	for at != 0 && excess > 0 {
		oldest := n.at(at)
		next := oldest.next
		if isControl(oldest.frame) {
			before, at = at, next
			continue
		}
		excess -= len(oldest.frame) + frameCost
		frames += int(oldest.frames)
		q.drop(n, before, at)
		at = next
	}
	return frames
}

// isControl reports whether the bytes begin with a control frame.
func isControl(frame []byte) bool {
	h, size := codec.ParseHeader(frame)
	return size > 0 && h.Opcode.IsControl()
}

// drop takes the node at out of the list, whose predecessor is before, 0 for none.
func (q *queue) drop(n *nodes, before, at uint32) {
	dropped := n.at(at)
	if before == 0 {
		q.head = dropped.next
	} else {
		n.at(before).next = dropped.next
	}
	if dropped.next == 0 {
		q.tail = before
	}
	q.nodes--
	q.bytes -= int32(len(dropped.frame))
	n.bytes -= len(dropped.frame)
	n.put(at)
}

// clear drops all frames. With keepStarted a frame of which a part has been
// written stays, so that the peer can still understand what follows it.
func (q *queue) clear(n *nodes, keepStarted bool) (frames int) {
	at := q.head
	kept := queue{}
	if keepStarted && q.offset > 0 {
		started := n.at(at)
		kept = queue{head: at, tail: at, nodes: 1, offset: q.offset, bytes: int32(len(started.frame)) - q.offset}
		at, started.next = started.next, 0
	}
	for at != 0 {
		next := n.at(at).next
		frames += int(n.at(at).frames)
		n.put(at)
		at = next
	}
	n.bytes -= int(q.bytes - kept.bytes)
	*q = kept
	return frames
}
