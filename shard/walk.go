package shard

// walk is the delivery that is under way: a run of messages for one audience.
// Only one walk is under way at a time, so messages reach every client in the
// order in which they were posted, whatever rooms it is in.
type walk struct {
	active   bool
	to       Audience
	room     *room
	clients  []ID
	at, end  int // next and last (excluded) index of the audience
	messages []delivery
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
	w.active, w.to, w.clients, w.at, w.end = true, first.To, first.Clients, 0, 0
	w.messages = w.messages[:0]
	switch first.To {
	case ToAll:
		w.end = s.Slots()
	case ToClients:
		w.end = len(first.Clients)
	case ToRoom:
		if w.room = s.rooms.get(first.Room); w.room != nil {
			w.room.walking = true
			w.end = len(w.room.members)
		}
	}
	return s.collectRun(ops)
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
		s.waiting.Add(-op.cost())
		run++
	}
	clear(ops[:run]) // a busy shard may not come to forget them for long
	return run
}

// stepWalk visits up to budget clients and returns how many it visited.
func (s *Shard) stepWalk(budget int) int {
	w := &s.walk
	from := w.at
	to := min(w.end, from+budget)
	for ; w.at < to; w.at++ {
		if c := s.visited(w.at); c != nil {
			s.deliver(c)
		}
	}
	if w.at == w.end {
		s.finishWalk()
	}
	return max(1, to-from)
}

// visited returns the client at index i of the walk's audience, nil for none.
func (s *Shard) visited(i int) *Client {
	w := &s.walk
	switch w.to {
	case ToRoom:
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

func (s *Shard) deliver(c *Client) {
	for i := range s.walk.messages {
		m := &s.walk.messages[i]
		if m.except == c.id && !m.except.IsZero() {
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
	w.active, w.room, w.clients = false, nil, nil
}
