package bench

import (
	"context"
	"fmt"
	"time"
)

// Flood is how a scenario publishes as much as arrives: in requests of many
// messages, with a bound on what is under way.
type Flood struct {
	Flood  bool `name:"flood" help:"Publish as many messages as arrive, instead of --rate. The latency is then that of the queue which --window bounds."`
	Batch  int  `name:"batch" help:"With --flood: messages of one request." default:"200" placeholder:"N"`
	Window int  `name:"window" help:"With --flood: messages under way at most." default:"1000" placeholder:"N"`
}

func (f *Flood) check() error {
	if f.Flood && (f.Batch <= 0 || f.Window <= 0) {
		return fmt.Errorf("%w: batch and window must be positive", ErrOption)
	}
	return nil
}

// pace says how fast is published.
func (f *Flood) pace(rate float64) string {
	if f.Flood {
		return "as many messages as arrive"
	}
	return fmt.Sprintf("%g messages a second", rate)
}

// publish publishes for so long to the rooms in turn. members are the sockets of
// each room among those that g holds, whose deliveries bound the flood.
func (f *Flood) publish(ctx context.Context, p *publisher, g *generator, members []int, duration time.Duration) error {
	sockets := 0
	for _, n := range members {
		sockets += n
	}
	window := uint64(max(f.Window*sockets/len(members), 1)) // in deliveries
	end := time.Now().Add(duration)
	for i := 0; time.Now().Before(end); i += f.Batch {
		if err := p.spread(ctx, i, f.Batch); err != nil {
			return err
		}
		expected := p.deliveries(members)
		if err := g.await(ctx, expected-min(window, expected)); err != nil {
			return err
		}
	}
	return nil
}
