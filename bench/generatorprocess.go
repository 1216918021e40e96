package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// reportEvery is how often a process of the generator says how its sockets stand,
// if that has changed.
const reportEvery = 5 * time.Millisecond

// GeneratorProcess is a process of the load generator that holds some of the
// sockets, where they are too many for one. The scenarios start it and speak to it
// over its standard input and output; it is good for nothing else.
type GeneratorProcess struct{}

// Run holds sockets until its standard input is closed or ctx ends.
func (*GeneratorProcess) Run(ctx context.Context, out io.Writer) error {
	return holdSockets(ctx, os.Stdin, out)
}

// holdSockets is Run with the input given, see remote for what it reads and writes.
func holdSockets(ctx context.Context, in io.Reader, out io.Writer) error {
	orders := json.NewDecoder(in)
	var p plan
	if err := orders.Decode(&p); err != nil {
		return fmt.Errorf("bench: reading the plan of a load generator: %w", err)
	}
	sockets, err := startLocal(p)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		obey(sockets, orders)
	}()
	reports := json.NewEncoder(out)
	failure := reportUntil(ctx, ended, sockets, reports)
	sum, _ := sockets.close()
	if failure != nil {
		return failure
	}
	if err := reports.Encode(&report{observation: sockets.observe(), Tally: sum}); err != nil {
		return fmt.Errorf("bench: reporting the tally: %w", err)
	}
	return nil
}

// obey passes orders on until there are no more.
func obey(sockets *local, orders *json.Decoder) {
	for {
		var o order
		if orders.Decode(&o) != nil {
			return
		}
		sockets.order(o)
	}
}

// reportUntil reports what has changed until ended is closed or ctx ends.
func reportUntil(ctx context.Context, ended <-chan struct{}, sockets *local, reports *json.Encoder) error {
	ticks := time.NewTicker(reportEvery)
	defer ticks.Stop()
	var last observation
	for {
		if now := sockets.observe(); now != last {
			last = now
			if err := reports.Encode(&report{observation: now}); err != nil {
				return fmt.Errorf("bench: reporting how the sockets stand: %w", err)
			}
		}
		select {
		case <-ticks.C:
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
