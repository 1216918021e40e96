package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Idle measures what sockets cost that do nothing: connected and upgraded, and in
// a room if there are some. The server's process must be known, by --spawn or --pid.
type Idle struct {
	Target

	Conns  int           `name:"conns" help:"Sockets." default:"1000" placeholder:"N"`
	Rooms  int           `name:"rooms" help:"Rooms among which the sockets are dealt; 0: they join none." default:"0" placeholder:"N"`
	Settle time.Duration `name:"settle" help:"How long to wait before memory is read." default:"3s" placeholder:"TIME"`
	Rounds int           `name:"rounds" help:"Measurements of the server and of the floor, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// Run measures and reports to out.
func (i *Idle) Run(ctx context.Context, out io.Writer) error {
	if !i.Spawn && i.PID == 0 {
		return fmt.Errorf("%w: memory can be read only with --spawn or --pid", ErrOption)
	}
	if err := i.check(); err != nil {
		return err
	}
	return i.compare(ctx, out, i.comparison())
}

func (i *Idle) check() error {
	if i.Conns <= 0 || i.Rooms < 0 || i.Rounds <= 0 || i.Settle < 0 {
		return fmt.Errorf("%w: conns and rounds must be positive, rooms and settle not negative", ErrOption)
	}
	return nil
}

func (i *Idle) comparison() comparison {
	return comparison{
		scenario: "idle", title: fmt.Sprintf("idle: %d sockets, rooms: %d", i.Conns, i.Rooms),
		settings: map[string]any{"conns": i.Conns, "rooms": i.Rooms, "tokens": i.TokenSecret != "", "settle": i.Settle.String()},
		rounds:   i.Rounds, conns: i.Conns, measure: i.measure,
	}
}

// measure reads the memory of a server before and after connecting.
func (i *Idle) measure(ctx context.Context, s *subject) (Round, error) {
	before, err := i.memory(ctx, s)
	if err != nil {
		return Round{}, err
	}
	g, round, err := s.connect(ctx, plan{Conns: i.Conns, Rooms: i.Rooms})
	if err != nil {
		return round, err
	}
	defer func() { _, _ = g.close() }()
	after, err := i.memory(ctx, s)
	if err != nil {
		return round, err
	}
	round.BytesPerConnection = float64(after-before) / float64(i.Conns)
	return round, round.conclude(g, 0)
}

// memory reads what is resident once the server has settled.
func (i *Idle) memory(ctx context.Context, s *subject) (int64, error) {
	s.admin.settle(ctx)
	if err := pause(ctx, i.Settle); err != nil {
		return 0, err
	}
	return sumResident(family(s.pid))
}
