package bench

import (
	"context"
	"time"
)

// publisher publishes numbered messages and knows how many deliveries they should
// cause. It belongs to one goroutine.
type publisher struct {
	admin   *admin
	rooms   int
	members []int     // sockets of each room
	next    []uint64  // number of each room's next message
	size    int       // bytes of a message
	prose   bool      // messages have text that compresses as JSON does
	due     time.Time // when the next messages were to be sent; zero: when they are

	expected  uint64 // deliveries that follow from what was published
	receivers uint64 // the same as the server said it
}

func newPublisher(a *admin, conns, rooms, size int) *publisher {
	return &publisher{admin: a, rooms: rooms, members: deal(conns, rooms), next: make([]uint64, rooms), size: size}
}

// deal returns how many of so many sockets each room gets.
func deal(conns, rooms int) []int {
	members := make([]int, rooms)
	for i := range conns {
		members[i%rooms]++
	}
	return members
}

// message makes the next message of a room.
func (p *publisher) message(room int) []byte {
	sent := p.due
	if sent.IsZero() {
		sent = time.Now()
	}
	m := appendMessage(make([]byte, 0, p.size), p.next[room], sent.UnixNano(), p.size)
	if p.prose {
		writeProse(m[padAt:len(m)-len(messageTail)], uint64(sent.UnixNano()))
	}
	p.next[room]++
	p.expected += uint64(p.members[room])
	return m
}

// single publishes one message to a room.
func (p *publisher) single(ctx context.Context, room int) error {
	n, err := p.admin.broadcast(ctx, roomName(room, p.rooms), p.message(room))
	p.receivers += uint64(n)
	return err
}

// batch publishes n messages to a room at once.
func (p *publisher) batch(ctx context.Context, room, n int) error {
	return p.lines(ctx, n, func(int) int { return room })
}

// spread publishes n messages at once, to the rooms in turn from a first one on.
func (p *publisher) spread(ctx context.Context, first, n int) error {
	return p.lines(ctx, n, func(i int) int { return (first + i) % p.rooms })
}

// lines publishes n messages at once, each to the room that it is given.
func (p *publisher) lines(ctx context.Context, n int, room func(i int) int) error {
	lines := make([]publishLine, n)
	for i := range lines {
		to := room(i)
		lines[i] = publishLine{roomName(to, p.rooms), p.message(to)}
	}
	receivers, err := p.admin.publish(ctx, lines)
	p.receivers += uint64(receivers)
	return err
}

// deliveries returns how many deliveries follow from what was published, if each
// room has so many members.
func (p *publisher) deliveries(members []int) (sum uint64) {
	for room, n := range p.next {
		sum += n * uint64(members[room])
	}
	return sum
}

// messages returns how many messages were published.
func (p *publisher) messages() (sum uint64) {
	for _, n := range p.next {
		sum += n
	}
	return sum
}
