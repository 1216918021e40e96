package shard

import (
	"fmt"
	"os"
	"testing"

	"github.com/gannet-ws/gannet/codec"
)

// bystander owns a shard whose clients give no trouble.
type bystander struct{}

func (bystander) Drop(*Client)       {}
func (bystander) Overflowed(*Client) {}
func (bystander) Flushed(*Client)    {}
func (bystander) AwaitRoom(*Client)  {}

// BenchmarkFanOut is named by rooms x members x bytes x messages a turn. The
// time is that of one delivery, a write to /dev/null included.
func BenchmarkFanOut(b *testing.B) {
	for _, shape := range []struct{ rooms, members, bytes, batch int }{
		{1, 10_000, 128, 1},
		{1, 10_000, 128, 20},
		{1_000, 10, 128, 1},
		{1_000, 10, 128, 20},
	} {
		name := fmt.Sprintf("%dx%dx%dx%d", shape.rooms, shape.members, shape.bytes, shape.batch)
		b.Run(name, func(b *testing.B) {
			sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer sink.Close()
			s := New(Options{Directory: NewDirectory(nil), Owner: bystander{}, MaxBacklog: 1 << 20, MaxInbox: 1 << 30})
			names := make([]string, shape.rooms)
			for r := range names {
				names[r] = fmt.Sprint("room", r)
				for range shape.members {
					s.Join(s.Add(Socket{FD: int32(sink.Fd())}, nil), names[r])
				}
			}
			m := codec.NewMessage(codec.OpText, make([]byte, shape.bytes))
			b.ReportAllocs()
			b.ResetTimer()
			deliveries := 0
			for i := 0; deliveries < b.N; i++ {
				for range shape.batch {
					s.Post(&Op{To: ToRoom, Room: names[i%shape.rooms], Message: m})
				}
				for s.Turn() {
				}
				deliveries += shape.members * shape.batch
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(deliveries), "ns/delivery")
		})
	}
}
