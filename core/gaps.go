package core

import (
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// A gap is what the bus could not bring, or may not have brought. The bus's own
// goroutine logs it now and then, tells the clients that it concerns if
// Options.NotifyGaps says so, and calls Hooks.Missed.

const (
	// noticeShare is the part of an inbox, one of so many, that notices may take
	// before the event loops are waited for: the gap of ten thousand rooms must
	// not keep messages out.
	noticeShare = 4
	// noticeOverhead is what a notice takes there beside its frame.
	noticeOverhead = 128
	// noticePatience is how long event loops are waited for. The notices that
	// are left then are given up, and counted.
	noticePatience = time.Second
)

// Missed tells of a gap.
func (n node) Missed(g bus.Gap) {
	s := n.server
	if s.gapLogged.now() {
		s.options.Log.Warn("messages of other nodes may be missing",
			"channel", g.Channel, "rooms", len(g.Rooms), "count", g.Count, "from", g.From, "to", g.To)
	}
	if s.options.NotifyGaps {
		s.notifyClients(&g)
	}
	s.tellMissed(g)
}

// tellMissed calls the hook, whose panic is logged.
func (s *Server) tellMissed(g bus.Gap) {
	tell := s.options.Hooks.Missed
	if tell == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("hook missed", p)
		}
	}()
	tell(s, g)
}

// notifyClients tells the members of each room of a gap, and all clients of one
// that may concern any.
func (s *Server) notifyClients(g *bus.Gap) {
	if g.All {
		s.notify(All(), gapNotice(g, ""))
	}
	posted := 0
	for i, room := range g.Rooms {
		notice := gapNotice(g, room)
		posted += len(notice.Frame()) + noticeOverhead
		if posted > int(s.options.MaxInbox)/noticeShare {
			if !s.caughtUp(noticePatience) {
				s.noticesLost.Add(uint64(len(g.Rooms) - i))
				return
			}
			posted = 0
		}
		s.notify(Room(room), notice)
	}
}

// notify sends a notice to clients of this node. One for which an event loop has
// no room is lost.
func (s *Server) notify(to Target, notice *codec.Message) {
	var ring shard.ShardSet
	if _, err := s.deliver(&Publication{To: to, Message: notice}, &ring); err != nil {
		s.noticesLost.Add(1)
	}
	s.ring(ring)
}

// gapNotice is the event that tells a room's members of a gap, or all clients
// where room is empty. Its times enclose the gap's.
func gapNotice(g *bus.Gap, room string) *codec.Message {
	data := struct {
		RoomName string `json:"roomName,omitempty"`
		From     string `json:"from"`
		To       string `json:"to"`
		Count    uint64 `json:"count,omitempty"`
	}{
		RoomName: room,
		From:     g.From.UTC().Format(isoTime),
		To:       g.To.Add(time.Millisecond - 1).UTC().Format(isoTime),
		Count:    g.Count,
	}
	notice, _ := NewMessage("system", "gap", &data) // strings and a number have a JSON
	return notice
}

// caughtUp waits until the event loops have taken what was posted to them before,
// and reports whether they have in time. It must not be called on one.
func (s *Server) caughtUp(patience time.Duration) bool {
	taken := make(chan struct{}, maxLoops)
	asked := 0
	for l := range s.running {
		asked++
		l.post(shard.Op{Call: func(*shard.Shard) { taken <- struct{}{} }})
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for range asked {
		select {
		case <-taken:
		case <-enough.C:
			return false
		}
	}
	return true
}
