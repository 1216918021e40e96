package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Merged publishes bursts: many messages in one request. A server that merges
// them writes once to each socket for a whole burst.
type Merged struct {
	Target

	Conns  int           `name:"conns" help:"Sockets." default:"1000" placeholder:"N"`
	Rooms  int           `name:"rooms" help:"Rooms among which the sockets are dealt; each burst goes to every room." default:"1" placeholder:"N"`
	Size   int           `name:"size" help:"Size of a message in bytes." default:"128" placeholder:"BYTES"`
	Batch  int           `name:"batch" help:"Messages of a burst." default:"20" placeholder:"N"`
	Rounds int           `name:"rounds" help:"Bursts." default:"20" placeholder:"N"`
	Pause  time.Duration `name:"pause" help:"Time from one burst to the next, also where the server has fallen behind." default:"200ms" placeholder:"TIME"`
	Repeat int           `name:"repeat" help:"Measurements of the server and of the floor, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// Run measures, reports to out, and fails when a message was lost.
func (m *Merged) Run(ctx context.Context, out io.Writer) error {
	if err := m.check(); err != nil {
		return err
	}
	return m.compare(ctx, out, m.comparison())
}

func (m *Merged) comparison() comparison {
	d := delivery{
		plan: plan{
			Conns: m.Conns, Rooms: m.Rooms, Size: m.Size, WarmUp: uint64(m.Batch),
		},
		warmUp:  m.burst,
		publish: m.publish,
		bursts:  m.Rounds,
	}
	if m.Pause > 0 {
		d.rate = float64(m.Batch*m.Rooms) / m.Pause.Seconds()
	}
	title := fmt.Sprintf("merged: %d sockets, rooms: %d, %d bytes, %d bursts of %d messages",
		m.Conns, m.Rooms, m.Size, m.Rounds, m.Batch)
	return comparison{
		scenario: "merged", title: title, settings: map[string]any{
			"conns": m.Conns, "rooms": m.Rooms, "size": m.Size, "batch": m.Batch,
			"rounds": m.Rounds, "pause": m.Pause.String(),
		},
		rounds: m.Repeat, conns: m.Conns, measure: d.measure,
	}
}

func (m *Merged) check() error {
	if m.Batch <= 0 || m.Repeat <= 0 || m.Pause < 0 {
		return fmt.Errorf("%w: batch and repeat must be positive, pause not negative", ErrOption)
	}
	return checkLoad(m.Conns, m.Rooms, m.Size, m.Rounds)
}

// burst publishes one batch to every room.
func (m *Merged) burst(ctx context.Context, p *publisher) error {
	for room := range m.Rooms {
		if err := p.batch(ctx, room, m.Batch); err != nil {
			return err
		}
	}
	return nil
}

func (m *Merged) publish(ctx context.Context, p *publisher, _ *generator) error {
	return paced(ctx, m.Rounds, m.Pause, func(_ int, due time.Time) error {
		if m.Pause > 0 {
			p.due = due
		}
		return m.burst(ctx, p)
	})
}
