package redis_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// Messages of 128 bytes through one node and one Redis, in each direction.

// sink is a node that counts what it is handed.
type sink struct {
	*node
	count atomic.Int64
}

func (s *sink) Deliver(bus.Message) bool { s.count.Add(1); return true }

// small is a message of 128 bytes.
var small = fmt.Appendf(nil, `{"type":"chat","action":"message","data":"%084d"}`, 0)

func benchmark(b *testing.B, run func(b *testing.B, server *redistest.Server, rooms []string)) {
	require.Len(b, small, 128)
	for _, count := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("rooms=%d", count), func(b *testing.B) {
			rooms := make([]string, count)
			for i := range rooms {
				rooms[i] = fmt.Sprint("room", i)
			}
			run(b, redistest.Start(b), rooms)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func BenchmarkPublish(b *testing.B) {
	benchmark(b, func(b *testing.B, server *redistest.Server, rooms []string) {
		sender, err := redis.New(calmly(server.URL()))
		require.NoError(b, err)
		b.Cleanup(sender.Close)
		publish := func(i int) error {
			return sender.Publish(bus.Message{To: bus.Room, Room: rooms[i%len(rooms)], Payload: small})
		}
		for i := range rooms { // the tables know them then
			require.NoError(b, publish(i))
		}
		settled := func(count int) bool { return sender.Stats().Published == uint64(len(rooms)+count) }
		for !settled(0) {
			runtime.Gosched()
		}
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			for sender.Stats().QueuedBytes > 1<<20 {
				runtime.Gosched()
			}
			require.NoError(b, publish(i))
		}
		for !settled(b.N) {
			runtime.Gosched()
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	benchmark(b, func(b *testing.B, server *redistest.Server, rooms []string) {
		receiver, err := redis.New(calmly(server.URL()))
		require.NoError(b, err)
		s := &sink{node: &node{id: "000000000002"}}
		require.NoError(b, receiver.Open(s))
		b.Cleanup(receiver.Close)
		for _, room := range rooms {
			receiver.Enter(room)
		}
		for _, room := range rooms {
			for !receiver.Standing(room) {
				runtime.Gosched()
			}
		}
		f := newFeeder(b, server, rooms)
		f.feed(len(rooms)) // the tables know them then
		b.ReportAllocs()
		b.ResetTimer()
		f.feed(b.N)
		for s.count.Load() < int64(len(rooms)+b.N) {
			runtime.Gosched()
		}
		require.Zero(b, receiver.Stats().Missed)
	})
}

// feeder is another node's connection that publishes.
type feeder struct {
	b       *testing.B
	conn    net.Conn
	rooms   []string
	sent    int
	batch   []byte
	answers []byte
}

func newFeeder(b *testing.B, server *redistest.Server, rooms []string) *feeder {
	conn, err := net.Dial("tcp", server.Addr)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	return &feeder{b: b, conn: conn, rooms: rooms}
}

// feed publishes so many messages to the rooms in turns.
func (f *feeder) feed(count int) {
	const most = 512
	for count > 0 {
		n := min(count, most)
		count -= n
		f.batch = f.batch[:0]
		for range n {
			f.append()
		}
		_, err := f.conn.Write(f.batch)
		require.NoError(f.b, err)
		f.answers = append(f.answers[:0], make([]byte, n*len(":1\r\n"))...)
		_, err = io.ReadFull(f.conn, f.answers)
		require.NoError(f.b, err)
	}
}

// append adds one command: version, flags, node, epoch and sequence stand before
// the message.
func (f *feeder) append() {
	room, sequence := f.rooms[f.sent%len(f.rooms)], 1+f.sent/len(f.rooms)
	f.sent++
	f.batch = append(f.batch, "*3\r\n$7\r\nPUBLISH\r\n"...)
	f.batch = fmt.Appendf(f.batch, "$%d\r\ngannet:room:{%s}\r\n$%d\r\n", len("gannet:room:{}")+len(room), room, 20+len(small))
	f.batch = append(f.batch, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1)
	f.batch = binary.BigEndian.AppendUint64(f.batch, uint64(sequence))
	f.batch = append(append(f.batch, small...), "\r\n"...)
}
