package shard

import (
	"syscall"
	"unsafe"
)

// maxWrite is the most that is gathered for one write, in bytes.
const maxWrite = 64 << 10

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
		s.Counters.wrote(frames)
		return
	}
	c.queue.push(&s.nodes, append([]byte(nil), p...), frames)
	s.took(c, n)
	s.block(c)
}

// flush gives the client one write. If its socket took that and more waits, it
// gets another in the next turn.
func (s *Shard) flush(c *Client) {
	if c.queue.head != 0 && c.flags&(flagBlocked|flagDoomed) == 0 {
		s.flushOnce(c)
	}
	if c.queue.head == 0 {
		c.controls = 0
		s.finishFlushed(c)
		return
	}
	s.markDirty(c)
}

// flushOnce writes what waits for the client, up to maxWrite of it.
func (s *Shard) flushOnce(c *Client) {
	var next []byte
	next, s.scratch = c.queue.gather(&s.nodes, s.scratch, maxWrite)
	n := s.write(c, next)
	if n < 0 {
		return
	}
	size := len(next)
	s.took(c, n)
	if n < size {
		s.block(c)
	}
}

// took removes what a write has taken from what waits for the client.
func (s *Shard) took(c *Client, n int) {
	if n > 0 {
		s.Counters.wrote(c.queue.advance(&s.nodes, n))
	}
}

// markDirty has the client flushed when the shard settles next.
func (s *Shard) markDirty(c *Client) {
	if c.flags&(flagDirty|flagBlocked|flagDoomed) == 0 {
		c.flags |= flagDirty
		s.dirty = append(s.dirty, c)
	}
}

// Finish has Owner.Flushed called, when the shard settles, once all that waits
// for the client has been written.
func (s *Shard) Finish(c *Client) {
	c.flags |= flagFinish
	s.finishFlushed(c)
}

func (s *Shard) finishFlushed(c *Client) {
	if c.flags&(flagFinish|flagBlocked) == flagFinish && c.queue.head == 0 {
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

// write hands p to the kernel, or to the client's transport, and returns how many
// bytes it took: 0 when the socket is full, -1 when the connection is gone and the
// client doomed.
func (s *Shard) write(c *Client, p []byte) int {
	if c.flags&flagWrapped != 0 {
		return s.writeSealed(c, p)
	}
	return s.writeRaw(c, p)
}

// writeRaw is write for what goes to the socket as it is. A raw system call suits
// a socket that never blocks: the scheduler need not be told.
func (s *Shard) writeRaw(c *Client, p []byte) int {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(c.socket.FD),
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
