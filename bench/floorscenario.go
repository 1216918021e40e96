package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"
)

// Floor measures the bare write loop alone, which is the limit for every server on
// the machine: one frame a write, and beside it many frames a write. With Flood
// both go as fast as the frames arrive. The report has the single frames first.
type Floor struct {
	Setup
	Flood

	Conns    int           `name:"conns" help:"Sockets, all in one room." default:"10000" placeholder:"N"`
	Size     int           `name:"size" help:"Size of a message in bytes." default:"128" placeholder:"BYTES"`
	Rate     float64       `name:"rate" help:"One frame a write: messages a second." default:"5" placeholder:"N"`
	Duration time.Duration `name:"duration" help:"One frame a write, and with --flood both: how long to publish." default:"10s" placeholder:"TIME"`
	Merge    int           `name:"merge" help:"Many frames a write: messages of a burst." default:"20" placeholder:"N"`
	Bursts   int           `name:"bursts" help:"Many frames a write: bursts." default:"20" placeholder:"N"`
	Pause    time.Duration `name:"pause" help:"Many frames a write: time from one burst to the next." default:"200ms" placeholder:"TIME"`
	Rounds   int           `name:"rounds" help:"Measurements of both, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// Run measures, reports to out, and fails when a message was lost.
func (f *Floor) Run(ctx context.Context, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	single, merged := f.comparisons()
	report := Report{
		Scenario: "floor",
		Title:    fmt.Sprintf("floor: %d sockets, %d bytes, %s", f.Conns, f.Size, f.manner()),
		Command:  commandLine(),
		Settings: map[string]any{
			"conns": f.Conns, "size": f.Size, "rate": f.Rate, "flood": f.Flood.Flood, "batch": f.Batch, "window": f.Window,
			"duration": f.Duration.String(), "merge": f.Merge, "bursts": f.Bursts, "pause": f.Pause.String(),
			"generatorLoops": max(f.GeneratorLoops, 1),
		},
		Columns: []string{"single frames", "merged"},
		Host:    describeHost(), Began: time.Now(),
	}
	for range f.Rounds {
		if err := f.turn(ctx, &single, &report.Server); err != nil {
			return err
		}
		if err := f.turn(ctx, &merged, &report.Floor); err != nil {
			return err
		}
	}
	if err := f.write(out, &report); err != nil {
		return err
	}
	return report.failure()
}

// manner says how is published.
func (f *Floor) manner() string {
	if f.Flood.Flood {
		return fmt.Sprintf("as many messages as arrive for %v, one and %d a write", f.Duration, f.Batch)
	}
	return fmt.Sprintf("%g messages a second for %v, and %d bursts of %d messages", f.Rate, f.Duration, f.Bursts, f.Merge)
}

func (f *Floor) check() error {
	if len(f.ServerFlag) > 0 || f.Loops > 0 {
		return fmt.Errorf("%w: the bare loop has no flags", ErrOption)
	}
	fanout, merged, flood := f.scenarios()
	return cmp.Or(fanout.check(), merged.check(), flood.check(), checkSockets(f.Conns))
}

// comparisons returns what is measured of single frames and of merged ones.
func (f *Floor) comparisons() (single, merged comparison) {
	fanout, bursts, flood := f.scenarios()
	if f.Flood.Flood {
		return fanout.comparison(), flood.comparison()
	}
	return fanout.comparison(), bursts.comparison()
}

// scenarios returns the parts. A flood of single frames has one message a request,
// as the loop merges what one request has.
func (f *Floor) scenarios() (fanout *Fanout, merged *Merged, flood *Fanout) {
	one := f.Flood
	one.Batch = 1
	fanout = &Fanout{Target: f.target(), Flood: one, Conns: f.Conns, Rooms: 1, Size: f.Size, Rate: f.Rate, Duration: f.Duration, Rounds: f.Rounds}
	merged = &Merged{Target: f.target(), Conns: f.Conns, Rooms: 1, Size: f.Size, Batch: f.Merge, Rounds: f.Bursts, Pause: f.Pause, Repeat: f.Rounds}
	all := *fanout
	all.Flood = f.Flood
	return fanout, merged, &all
}

func (f *Floor) target() Target { return Target{Setup: f.Setup} }

// turn measures a fresh loop once.
func (f *Floor) turn(ctx context.Context, c *comparison, rounds *[]Round) error {
	loop, err := f.spawnFloor(ctx, "floor", "ws://localhost/ws", c.conns)
	if err != nil {
		return err
	}
	round, err := measureAndClose(ctx, c, loop)
	if err != nil {
		return err
	}
	*rounds = append(*rounds, round)
	return nil
}
