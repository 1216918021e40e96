package shard

// walk is the delivery that is under way: a run of messages for one audience.
// Only one walk is under way at a time, so messages reach every client in the
// order in which they were posted, whatever rooms it is in.
type walk struct {
	active   bool
	to       Audience
	room     *room
	rooms    roomsWalk // the other rooms of the audience
	clients  []ID
	filter   func(*Client) bool
	at, end  int // next and last (excluded) index of the audience, in a room of the room's members
	messages []delivery
	joined   []byte // their frames, one behind the other
	buffer   []byte // where joined is, if it is several
	excepts  bool   // some message leaves somebody out
}

// delivery is one message of a run.
type delivery struct {
	frame  []byte
	except ID
}

const (
	// maxRunBytes bounds the messages that are delivered in one walk: as much
	// as one write takes.
	maxRunBytes = maxWrite
	// maxRunMessages bounds them in number.
	maxRunMessages = 1024
)

// startWalk begins to deliver the first op's message and those behind it that
// have the same audience. It returns how many ops that are.
func (s *Shard) startWalk(ops []Op) int {
	w := &s.walk
	first := &ops[0]
	w.active, w.to, w.clients, w.filter, w.at, w.end = true, first.To, first.Clients, first.Filter, 0, 0
	w.messages, w.excepts = w.messages[:0], false
	switch first.To {
	case ToAll:
		w.end = s.Slots()
	case ToClients:
		w.end = len(first.Clients)
	case ToRoom:
		if room := s.rooms.get(first.Room); room != nil {
			w.enter(room, len(room.members))
		}
	case ToRooms:
		s.startRooms(first.Rooms)
	}
	return s.collectRun(ops)
}

// enter begins to walk the members of a room that are in front of end.
func (w *walk) enter(room *room, end int) {
	room.walking = true
	w.room, w.at, w.end = room, 0, end
}

// collectRun gathers the messages of the walk and returns their number.
func (s *Shard) collectRun(ops []Op) (run int) {
	bytes := 0
	for i := range ops {
		op := &ops[i]
		if run > 0 && !op.sameAudience(&ops[0]) {
			break
		}
		frame := op.Message.Frame()
		if bytes += len(frame); run > 0 && (bytes > maxRunBytes || run == maxRunMessages) {
			break
		}
		s.walk.messages = append(s.walk.messages, delivery{frame: frame, except: op.Except})
		s.walk.excepts = s.walk.excepts || !op.Except.IsZero()
		s.waiting.Add(-op.cost())
		run++
	}
	clear(ops[:run]) // a busy shard may not come to forget them for long
	s.walk.join()
	return run
}

// join puts the frames of the run behind each other.
func (w *walk) join() {
	if len(w.messages) == 1 {
		w.joined = w.messages[0].frame
		return
	}
	w.buffer = w.buffer[:0]
	for i := range w.messages {
		w.buffer = append(w.buffer, w.messages[i].frame...)
	}
	w.joined = w.buffer
}

// stepWalk visits up to budget clients and returns how many it visited.
func (s *Shard) stepWalk(budget int) int {
	w := &s.walk
	from := w.at
	to := min(w.end, from+budget)
	last := s.next == len(s.ops)
	for ; w.at < to; w.at++ {
		c := s.visited(w.at)
		switch {
		case c == nil || c.state != Open || c.Echo():
		case w.to == ToRooms && w.rooms.repeats(c):
		case w.filter != nil && !w.filter(c):
		case last && c.flags&(flagDirty|flagBlocked|flagDoomed) == 0 && !w.leavesOut(c):
			s.writeRun(c)
		default:
			s.deliver(c)
		}
	}
	if w.at == w.end && !s.nextRoom() {
		s.finishWalk()
	}
	return max(1, to-from)
}

// visited returns the client at index i of the walk's audience, nil for none.
func (s *Shard) visited(i int) *Client {
	w := &s.walk
	switch w.to {
	case ToRoom, ToRooms:
		if slot := w.room.members[i].slot; slot != hole {
			return s.slots.at(slot)
		}
		return nil
	case ToClients:
		return s.Find(w.clients[i])
	default:
		return s.slots.at(uint32(i))
	}
}

// leavesOut reports whether some message of the run is not for the client.
func (w *walk) leavesOut(c *Client) bool {
	if !w.excepts {
		return false
	}
	for i := range w.messages {
		if w.messages[i].except == c.ID() {
			return true
		}
	}
	return false
}

// writeRun writes the whole run to a client for which nothing waits. It spares
// the queue where nothing else is to be delivered in this turn, with which the
// run could share a write.
func (s *Shard) writeRun(c *Client) {
	w := &s.walk
	n := s.write(c, w.joined)
	switch {
	case n < 0:
		return
	case n == len(w.joined):
		s.Counters.FramesOut += uint64(len(w.messages))
		return
	}
	for i := range w.messages {
		c.queue.push(&s.nodes, w.messages[i].frame, 1)
	}
	s.Counters.FramesOut += uint64(c.queue.advance(&s.nodes, n))
	s.block(c)
}

// deliver queues the messages of the run that are for the client.
func (s *Shard) deliver(c *Client) {
	for i := range s.walk.messages {
		m := &s.walk.messages[i]
		if m.except == c.ID() && !m.except.IsZero() {
			continue
		}
		if c.state != Open {
			return
		}
		s.Enqueue(c, m.frame)
	}
}

func (s *Shard) finishWalk() {
	w := &s.walk
	if w.room != nil {
		s.endWalk(w.room)
	}
	clear(w.messages)
	w.joined = nil
	w.active, w.room, w.clients, w.filter = false, nil, nil, nil
}
