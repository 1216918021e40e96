package shard

// A turn is what a loop does for its shard between two looks at its sockets:
// carry out posted ops in order, walk the audiences of their messages, then
// give each client that something waits for one write.

const (
	// walkChunk is the number of clients that one turn visits. On loopback a
	// write takes up to 10 µs of CPU, so a turn is over in about 3 ms and the
	// sockets are looked at again.
	walkChunk = 256
	// callCost is what a posted function counts for in a turn, in clients.
	callCost = 4
)

// Post leaves an op for the shard's next turn, in order. Any goroutine may call
// it; it never waits. The caller then has to see that a turn comes.
func (s *Shard) Post(op *Op) {
	s.waiting.Add(op.cost())
	s.inbox.post(op)
}

// Full reports whether more messages wait for the shard than it is allowed to
// hold: publishers should be refused until it has caught up. Any goroutine may
// call it.
func (s *Shard) Full() bool { return s.waiting.Load() > int64(s.options.MaxInbox) }

// Turn does a bounded piece of the posted work and settles it. It reports
// whether some is left, for which the caller has to see that another turn
// comes, after the sockets have had theirs.
func (s *Shard) Turn() (more bool) {
	s.ops = s.inbox.take(s.ops)
	for budget := walkChunk; budget > 0; {
		if s.walk.active {
			budget -= s.stepWalk(budget)
			continue
		}
		if s.next == len(s.ops) {
			break
		}
		budget -= s.startNext()
	}
	s.Settle()
	s.forgetDone()
	return s.walk.active || s.next < len(s.ops)
}

// startNext begins the next op and returns what it cost.
func (s *Shard) startNext() int {
	op := &s.ops[s.next]
	if op.Call != nil {
		s.next++
		s.waiting.Add(-op.cost())
		op.Call(s)
		return callCost
	}
	s.next += s.startWalk(s.ops[s.next:])
	return 1
}

// forgetDone lets go of ops that have been carried out.
func (s *Shard) forgetDone() {
	if s.next < len(s.ops) && s.next < keptOps {
		return
	}
	left := copy(s.ops, s.ops[s.next:])
	clear(s.ops[left:])
	s.ops = s.ops[:left]
	s.next = 0
	if left == 0 && cap(s.ops) > keptOps {
		s.ops = nil
	}
}

// Settle writes what waits for clients that were sent something since the last
// call, then hands over those that have to go.
func (s *Shard) Settle() {
	for i := 0; i < len(s.overflowed); i++ {
		if c := s.overflowed[i]; c.flags&flagOverflow != 0 {
			s.options.Owner.Overflowed(c)
		}
	}
	s.overflowed = s.overflowed[:0]
	for _, c := range s.dirty {
		if c.flags&flagDirty != 0 {
			c.flags &^= flagDirty
			s.flush(c)
		}
	}
	s.dirty = s.dirty[:0]
	for i := 0; i < len(s.flushed); i++ {
		if c := s.flushed[i]; c.flags&flagFinish != 0 {
			c.flags &^= flagFinish
			s.options.Owner.Flushed(c)
		}
	}
	s.flushed = s.flushed[:0]
	for i := 0; i < len(s.doomed); i++ {
		if c := s.doomed[i]; c.flags&flagDoomed != 0 {
			s.options.Owner.Drop(c)
		}
	}
	s.doomed = s.doomed[:0]
}
