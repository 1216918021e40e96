package shard

import "github.com/gannet-ws/gannet/codec"

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
	walked   func(*Shard) // called at the end
	at, end  int          // next and last (excluded) index of the audience, in a room of the room's members
	messages []delivery
	joined   frames        // one behind the other
	buffers  frames        // where joined are, if they are several
	excepts  bool          // some message leaves somebody out
	deflated codec.Windows // for which some message has a compressed frame
}

// frames are what clients are sent, by their codec.Window.
type frames [codec.WindowCount][]byte

// delivery is one message of a run.
type delivery struct {
	message *codec.Message
	except  ID
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
	w.messages, w.excepts, w.deflated = w.messages[:0], false, 0
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
		if bytes += len(op.Message.Frame()); run > 0 && (bytes > maxRunBytes || run == maxRunMessages) {
			break
		}
		s.walk.messages = append(s.walk.messages, delivery{message: op.Message, except: op.Except})
		s.walk.excepts = s.walk.excepts || !op.Except.IsZero()
		s.walk.deflated |= op.Message.Windows()
		if op.Walked != nil {
			s.walk.walked = op.Walked
		}
		s.waiting.Add(-op.cost())
		run++
	}
	clear(ops[:run]) // a busy shard may not come to forget them for long
	s.walk.join()
	return run
}

// join puts the frames of the run behind each other: the plain ones, and for each
// window for which some are compressed, what its clients are sent.
func (w *walk) join() {
	w.joinFor(codec.NoWindow)
	for window := codec.Window15; window < codec.WindowCount; window++ {
		w.joined[window] = w.joined[codec.NoWindow]
		if w.deflated.Has(window) {
			w.joinFor(window)
		}
	}
}

func (w *walk) joinFor(window codec.Window) {
	if len(w.messages) == 1 {
		w.joined[window] = w.messages[0].message.FrameFor(window)
		return
	}
	buffer := w.buffers[window][:0]
	for i := range w.messages {
		buffer = append(buffer, w.messages[i].message.FrameFor(window)...)
	}
	w.joined[window], w.buffers[window] = buffer, buffer
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
	window := c.Window()
	joined := w.joined[window]
	n := s.write(c, joined)
	switch {
	case n < 0:
		return
	case n == len(joined):
		s.Counters.wrote(len(w.messages))
		return
	}
	for i := range w.messages {
		c.queue.push(&s.nodes, w.messages[i].message.FrameFor(window), 1)
	}
	s.took(c, n)
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
		s.Enqueue(c, m.message.FrameFor(c.Window()))
	}
}

func (s *Shard) finishWalk() {
	w := &s.walk
	if w.room != nil {
		s.endWalk(w.room)
	}
	clear(w.messages)
	w.joined = frames{}
	w.active, w.room, w.clients, w.filter = false, nil, nil, nil
	if walked := w.walked; walked != nil {
		w.walked = nil
		walked(s)
	}
}
