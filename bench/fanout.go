package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// fanoutWarmUp is how many messages each room gets before measuring begins.
const fanoutWarmUp = 2

// Fanout publishes messages to rooms full of sockets: one at a time and at a steady
// rate, or as much as arrives.
type Fanout struct {
	Target
	Flood

	Conns       int           `name:"conns" help:"Sockets." default:"1000" placeholder:"N"`
	Rooms       int           `name:"rooms" help:"Rooms among which the sockets are dealt." default:"1" placeholder:"N"`
	Size        int           `name:"size" help:"Size of a message in bytes." default:"128" placeholder:"BYTES"`
	Compression bool          `name:"compression" help:"Offer compression (permessage-deflate), and publish text that compresses as JSON does. A server that --spawn starts gets --compression=on."`
	Rate        float64       `name:"rate" help:"Messages a second, to the rooms in turn." default:"5" placeholder:"N"`
	Duration    time.Duration `name:"duration" help:"How long to publish." default:"10s" placeholder:"TIME"`
	Rounds      int           `name:"rounds" help:"Measurements of the server and of the floor, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// Run measures, reports to out, and fails when a message was lost.
func (f *Fanout) Run(ctx context.Context, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Compression && f.Spawn && f.ServerCommand == "" {
		f.ServerFlag = append(slices.Clone(f.ServerFlag), "--compression=on")
	}
	return f.compare(ctx, out, f.comparison())
}

func (f *Fanout) comparison() comparison {
	rate := f.Rate
	if f.Flood.Flood {
		rate = 0
	}
	d := delivery{
		plan: plan{
			Conns: f.Conns, Rooms: f.Rooms, Size: f.Size, WarmUp: fanoutWarmUp, Compression: f.Compression,
		},
		warmUp:  f.warmUp,
		publish: f.publish,
		rate:    rate,
	}
	title := fmt.Sprintf("fanout: %d sockets, rooms: %d, %d bytes, %s for %v",
		f.Conns, f.Rooms, f.Size, f.pace(f.Rate), f.Duration)
	return comparison{
		scenario: "fanout", title: title, settings: map[string]any{
			"conns": f.Conns, "rooms": f.Rooms, "size": f.Size, "rate": f.Rate, "flood": f.Flood.Flood, "batch": f.Batch, "window": f.Window,
			"duration": f.Duration.String(), "compression": f.Compression,
		},
		rounds: f.Rounds, conns: f.Conns, measure: d.measure,
	}
}

func (f *Fanout) check() error {
	if f.Rate <= 0 || f.Duration <= 0 {
		return fmt.Errorf("%w: rate and duration must be positive", ErrOption)
	}
	if !f.Flood.Flood && f.Rate*f.Duration.Seconds() < 1 {
		return fmt.Errorf("%w: at this rate nothing is published within the duration", ErrOption)
	}
	if err := f.Flood.check(); err != nil {
		return err
	}
	return checkLoad(f.Conns, f.Rooms, f.Size, f.Rounds)
}

func (f *Fanout) warmUp(ctx context.Context, p *publisher) error {
	for range fanoutWarmUp {
		for room := range f.Rooms {
			if err := p.single(ctx, room); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Fanout) publish(ctx context.Context, p *publisher, g *generator) error {
	if f.Flood.Flood {
		return f.Flood.publish(ctx, p, g, p.members, f.Duration)
	}
	return steadily(ctx, p, f.Rate, f.Duration)
}
