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
	// crowdedShare is the part of MaxInbox with which a shard is crowded, as a
	// divisor.
	crowdedShare = 256
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

// Crowded reports whether so many messages wait for the shard that those who
// publish should be slowed down. Any goroutine may call it.
func (s *Shard) Crowded() bool { return s.waiting.Load() > int64(s.options.MaxInbox)/crowdedShare }

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
	unsettled := s.Settle()
	s.forgetDone()
	return unsettled || s.walk.active || s.next < len(s.ops)
}

// startNext begins the next op and returns what it cost.
func (s *Shard) startNext() int {
	op := &s.ops[s.next]
	if call := op.Call; call != nil {
		s.waiting.Add(-op.cost())
		*op = Op{}
		s.next++
		call(s)
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

// Settle gives each client that something waits for one write, then hands over
// those that have to go. It reports whether more waits for some of them, whose
// sockets have room: the caller has to see that a turn comes.
func (s *Shard) Settle() (more bool) {
	for i := 0; i < len(s.overflowed); i++ {
		if c := s.overflowed[i]; c.flags&flagOverflow != 0 {
			s.options.Owner.Overflowed(c)
		}
	}
	s.overflowed = s.overflowed[:0]
	s.flushDirty()
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
	return len(s.dirty) > 0
}

// flushDirty flushes the clients that are dirty now. Those that become so
// meanwhile, because more waits for them than one write takes, stay.
func (s *Shard) flushDirty() {
	now := len(s.dirty)
	for _, c := range s.dirty[:now] {
		if c.flags&flagDirty != 0 {
			c.flags &^= flagDirty
			s.flush(c)
		}
	}
	left := copy(s.dirty, s.dirty[now:])
	clear(s.dirty[left:])
	s.dirty = s.dirty[:left]
}

// Settled reports whether nothing waits for a client whose socket has room.
func (s *Shard) Settled() bool { return len(s.dirty) == 0 }
