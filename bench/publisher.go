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
	members []int    // sockets of each room
	next    []uint64 // number of each room's next message
	size    int      // bytes of a message

	expected  uint64 // deliveries that follow from what was published
	receivers uint64 // the same as the server said it
}

func newPublisher(a *admin, conns, rooms, size int) *publisher {
	p := &publisher{admin: a, rooms: rooms, members: make([]int, rooms), next: make([]uint64, rooms), size: size}
	for i := range conns {
		p.members[i%rooms]++
	}
	return p
}

// message makes the next message of a room.
func (p *publisher) message(room int) []byte {
	m := appendMessage(make([]byte, 0, p.size), p.next[room], time.Now().UnixNano(), p.size)
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
	messages := make([][]byte, n)
	for i := range messages {
		messages[i] = p.message(room)
	}
	receivers, err := p.admin.publish(ctx, roomName(room, p.rooms), messages)
	p.receivers += uint64(receivers)
	return err
}

// messages returns how many messages were published.
func (p *publisher) messages() (sum uint64) {
	for _, n := range p.next {
		sum += n
	}
	return sum
}
