package core

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// RoomTraffic is a room on one node, and how much is published to it.
type RoomTraffic struct {
	RoomInfo
	// MessagesPerSecond is the messages that its members here are sent, over the
	// last seconds. Times Members it is the deliveries.
	MessagesPerSecond float64 `json:"messagesPerSecond"`
}

// traffic finds a node's largest and its busiest rooms. It goes through all rooms
// each time: not more often than once a second, and, where there are very many, not
// for more than a small share of the time. Any goroutine may use it; it may wait for
// another that does.
type traffic struct {
	mu      sync.Mutex
	at      time.Duration // of the last round, by Server.clock
	cost    time.Duration // of that round
	largest []RoomInfo
	rounds  []round // oldest first
}

// round is how many messages were published to the busiest rooms in some time.
type round struct {
	span     time.Duration
	messages map[string]int
}

const (
	topRooms      = 20               // the largest rooms, and as many of the busiest
	busiestKept   = 100              // rooms of a round
	trafficRounds = 5                // over which rates are taken
	trafficPause  = time.Second      // between two rounds, at least
	trafficShare  = 50               // a round takes at most one part in so many of the time
	trafficStale  = 10 * time.Second // after a longer pause than that rates begin anew
)

// roomCount is a room and what was published to it in a round, or in several.
type roomCount struct {
	name              string
	members, messages int
}

func busierFirst(a, b roomCount) int {
	return cmp.Or(cmp.Compare(b.members*b.messages, a.members*a.messages), cmp.Compare(a.name, b.name))
}

// top returns the largest and the busiest rooms together, largest first.
func (t *traffic) top(s *Server) []RoomTraffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := s.clock(); t.at == 0 || now-t.at >= max(trafficPause, trafficShare*t.cost) {
		t.goRound(s, now)
	}
	return t.join(s)
}

// goRound goes through all rooms.
func (t *traffic) goRound(s *Server, now time.Duration) {
	span := now - t.at
	if stale := max(trafficStale, 2*trafficShare*t.cost); t.at == 0 || span > stale {
		span, t.rounds = 0, nil // what has been counted is of long ago
	}
	largest := roomHeap{before: compareRooms, limit: topRooms}
	var busy []roomCount
	s.directory.EachTraffic(func(name string, members, messages int) {
		largest.offer(RoomInfo{name, members})
		if messages > 0 && span > 0 {
			busy = append(busy, roomCount{name, members, messages})
		}
	})
	if span > 0 {
		t.rounds = append(t.rounds, newRound(span, busy))
		t.rounds = t.rounds[max(0, len(t.rounds)-trafficRounds):]
	}
	t.largest, t.at, t.cost = largest.rooms, now, s.clock()-now
}

// newRound keeps the busiest rooms.
func newRound(span time.Duration, busy []roomCount) round {
	slices.SortFunc(busy, busierFirst)
	kept := round{span: span, messages: map[string]int{}}
	for _, room := range busy[:min(len(busy), busiestKept)] {
		kept.messages[room.name] = room.messages
	}
	return kept
}

// join adds the rounds up, and the busiest rooms to the largest.
func (t *traffic) join(s *Server) []RoomTraffic {
	var span time.Duration
	messages := map[string]int{}
	for _, r := range t.rounds {
		span += r.span
		for name, n := range r.messages {
			messages[name] += n
		}
	}
	members := map[string]int{}
	for _, room := range t.largest {
		members[room.Name] = room.Members
	}
	for _, room := range busiest(s, messages) {
		members[room.name] = room.members
	}
	all := make([]RoomTraffic, 0, len(members))
	for name, n := range members {
		room := RoomTraffic{RoomInfo: RoomInfo{name, n}}
		if span > 0 {
			room.MessagesPerSecond = float64(messages[name]) / span.Seconds()
		}
		all = append(all, room)
	}
	slices.SortFunc(all, func(a, b RoomTraffic) int { return compareRooms(a.RoomInfo, b.RoomInfo) })
	return all
}

// busiest picks those of the rooms with most deliveries that still have members.
func busiest(s *Server, messages map[string]int) []roomCount {
	rooms := make([]roomCount, 0, len(messages))
	for name, n := range messages {
		if members := s.MemberCount(name); members > 0 {
			rooms = append(rooms, roomCount{name, members, n})
		}
	}
	slices.SortFunc(rooms, busierFirst)
	return rooms[:min(len(rooms), topRooms)]
}
