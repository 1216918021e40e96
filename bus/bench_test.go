package bus_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/gannet-ws/gannet/bus"
)

func BenchmarkDispatch(b *testing.B) {
	for _, subscribers := range []int{0, 1, 4, 16} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			all := slices.Repeat([]bus.Subscriber{{Channel: "wanted", Handle: nothing}}, subscribers)
			d, e := dispatching(b, quiet, all...), event("wanted")
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				d.Dispatch(e)
				if n%512 == 0 { // so that no queue is ever full
					if err := d.Drain(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			}
			for _, s := range d.Stats() {
				if s.Dropped > 0 {
					b.Fatalf("%s: %d events dropped", s.Name, s.Dropped)
				}
			}
		})
	}
}
