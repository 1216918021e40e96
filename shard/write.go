package shard

import (
	"syscall"
	"unsafe"
)

// maxWrite is the most that is gathered for one write, in bytes, and the most
// of a blocked client's data that its connection is given to keep.
const maxWrite = 64 << 10

// Enqueue queues a whole frame for the client, to be written with all else that
// waits for it when the shard settles. The frame is kept, not copied, and must
// not change. At the backlog's limit the client is ended or the frame skipped.
func (s *Shard) Enqueue(c *Client, frame []byte) {
	if s.admit(c, len(frame), 1) {
		s.push(c, frame, 1)
	}
}

// EnqueueControl is Enqueue for control frames, which the backlog's limit does
// not stop. Unless a second limit is met too, a page of control frames beyond
// the first, which only a peer that pings and never reads can reach.
func (s *Shard) EnqueueControl(c *Client, frame []byte) {
	if c.Backlog()+frameCost+len(frame) > s.options.MaxBacklog+controlAllowance {
		s.overflow(c)
		return
	}
	s.push(c, frame, 1)
}

const controlAllowance = 4 << 10

// EnqueueLast is Enqueue for a client's close frame, which no limit stops: there
// is one for each client.
func (s *Shard) EnqueueLast(c *Client, frame []byte) { s.push(c, frame, 1) }

func (s *Shard) push(c *Client, frame []byte, frames int) {
	c.queue.push(&s.nodes, frame, frames)
	if c.flags&(flagDirty|flagBlocked) == 0 {
		c.flags |= flagDirty
		s.dirty = append(s.dirty, c)
	}
}

// Send writes p, which holds so many whole frames, to the client at once if
// nothing waits for it. What the socket does not take, and what has to wait, is
// copied: the caller may use p again.
func (s *Shard) Send(c *Client, p []byte, frames int) {
	if c.queue.head != 0 || c.flags&flagBlocked != 0 {
		if s.admit(c, len(p), frames) {
			s.push(c, append([]byte(nil), p...), frames)
		}
		return
	}
	n := s.write(c, p)
	if n < 0 {
		return
	}
	if n == len(p) {
		s.Counters.FramesOut += uint64(frames)
		return
	}
	c.queue.push(&s.nodes, append([]byte(nil), p...), frames)
	c.queue.advance(&s.nodes, n)
	s.block(c, c.queue.bytes)
}

// admit reports whether so many frames of size bytes in all may wait for the
// client. If not, it is ended, or the frames counted as skipped.
func (s *Shard) admit(c *Client, size, frames int) bool {
	size += frameCost
	if c.Backlog()+size <= s.options.MaxBacklog {
		return true
	}
	if c.flags&flagOverflow != 0 {
		return false
	}
	// What waits may only be waiting for the end of the turn.
	if c.flags&flagBlocked == 0 {
		s.flush(c)
		if c.state == Free || c.flags&flagDoomed != 0 {
			return false
		}
		if c.queue.head == 0 {
			return true
		}
		if c.Backlog()+size <= s.options.MaxBacklog {
			return true
		}
	}
	if s.options.Skip {
		s.Counters.Skipped += uint64(frames)
		return false
	}
	s.overflow(c)
	return false
}

func (s *Shard) overflow(c *Client) {
	if c.flags&flagOverflow == 0 {
		c.flags |= flagOverflow
		s.overflowed = append(s.overflowed, c)
	}
}

// flush writes what waits for the client until it is done or the socket full.
func (s *Shard) flush(c *Client) {
	for c.queue.head != 0 && c.flags&(flagBlocked|flagDoomed) == 0 {
		var next []byte
		next, s.scratch = c.queue.gather(&s.nodes, s.scratch, maxWrite)
		n := s.write(c, next)
		if n < 0 {
			return
		}
		size := len(next)
		s.Counters.FramesOut += uint64(c.queue.advance(&s.nodes, n))
		if n < size {
			s.block(c, int32(size-n))
			return
		}
	}
	if c.flags&flagFinish != 0 {
		s.finishFlushed(c)
	}
}

// block notes that the client's socket is full and gives its connection the
// next size bytes to send when there is room.
func (s *Shard) block(c *Client, size int32) {
	c.flags |= flagBlocked
	s.blocked = append(s.blocked, c)
	s.Counters.Blocked++
	var next []byte
	next, s.scratch = c.queue.gather(&s.nodes, s.scratch, maxWrite)
	next = next[:min(len(next), int(size), maxWrite)]
	_, err := c.socket.Write(next)
	if c.state == Free {
		return
	}
	if err != nil {
		s.Doom(c)
		return
	}
	s.Counters.BytesOut += uint64(len(next))
	s.Counters.FramesOut += uint64(c.queue.advance(&s.nodes, len(next)))
}

// Blocked returns the number of clients whose sockets are full. While it is not
// 0, Retry has to be called every few milliseconds.
func (s *Shard) Blocked() int { return len(s.blocked) }

// Retry writes to the clients whose connections have sent all that they kept.
func (s *Shard) Retry() {
	still := s.blocked[:0]
	retried := s.retried[:0]
	for _, c := range s.blocked {
		if c.socket.OutboundBuffered() > 0 {
			still = append(still, c)
			continue
		}
		c.flags &^= flagBlocked
		retried = append(retried, c)
	}
	clear(s.blocked[len(still):])
	s.blocked = still
	for _, c := range retried {
		s.flush(c)
	}
	clear(retried)
	s.retried = retried[:0]
	s.Settle()
}

func (s *Shard) forgetBlocked(c *Client) {
	for i, other := range s.blocked {
		if other == c {
			last := len(s.blocked) - 1
			s.blocked[i] = s.blocked[last]
			s.blocked[last] = nil
			s.blocked = s.blocked[:last]
			return
		}
	}
}

// Finish has Owner.Flushed called, when the shard settles, once all that waits
// for the client has been written.
func (s *Shard) Finish(c *Client) {
	c.flags |= flagFinish
	s.finishFlushed(c)
}

func (s *Shard) finishFlushed(c *Client) {
	if c.queue.head == 0 && c.flags&flagBlocked == 0 {
		s.flushed = append(s.flushed, c)
	}
}

// Doom drops the client when the shard settles.
func (s *Shard) Doom(c *Client) {
	if c.flags&flagDoomed == 0 {
		c.flags |= flagDoomed
		s.doomed = append(s.doomed, c)
	}
}

// Discard drops what waits for the client, but for the rest of a frame that has
// been begun, so that a close frame can still be understood.
func (s *Shard) Discard(c *Client) {
	s.Counters.Dropped += uint64(c.queue.clear(&s.nodes, true))
}

// write hands p to the kernel and returns how many bytes it took: 0 when the
// socket is full, -1 when the connection is gone and the client doomed. A raw
// system call suits a socket that never blocks: the scheduler need not be told.
func (s *Shard) write(c *Client, p []byte) int {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(c.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			s.Counters.Writes++
			s.Counters.BytesOut += uint64(n)
			return int(n)
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0
		default:
			s.Doom(c)
			return -1
		}
	}
}
