package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Cluster publishes on one node of two, which it starts with a Redis between them,
// to rooms with sockets on both: what the way over Redis costs, and how long it
// takes beside the way within the node. The report has the receiving node first.
type Cluster struct {
	Setup
	Flood

	RedisURL string        `name:"redis-url" help:"Redis between the nodes. Empty: a throw-away server is started, of the program that REDIS_SERVER names or redis-server." placeholder:"URL"`
	Conns    int           `name:"conns" help:"Sockets on the receiving node." default:"1000" placeholder:"N"`
	NoLocal  bool          `name:"no-local" help:"No sockets on the publishing node; otherwise it has as many, in the same rooms."`
	Rooms    int           `name:"rooms" help:"Rooms among which the sockets are dealt." default:"100" placeholder:"N"`
	Size     int           `name:"size" help:"Size of a message in bytes." default:"128" placeholder:"BYTES"`
	Rate     float64       `name:"rate" help:"Messages a second, to the rooms in turn." default:"100" placeholder:"N"`
	Duration time.Duration `name:"duration" help:"How long to publish." default:"10s" placeholder:"TIME"`
	Rounds   int           `name:"rounds" help:"Measurements, each with fresh nodes; the table shows medians." default:"1" placeholder:"N"`
}

// clusterWarmUp is how many messages each room gets before measuring begins.
const clusterWarmUp = 1

// Run measures, reports to out, and fails when a message was lost.
func (c *Cluster) Run(ctx context.Context, out io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	report := Report{
		Scenario: "cluster",
		Title: fmt.Sprintf("cluster: %d sockets on the receiving node, %d on the publishing one, rooms: %d, %d bytes, %s for %v",
			c.Conns, c.local(), c.Rooms, c.Size, c.pace(c.Rate), c.Duration),
		Command: commandLine(),
		Settings: map[string]any{
			"conns": c.Conns, "local": c.local(), "rooms": c.Rooms, "size": c.Size, "rate": c.Rate, "flood": c.Flood.Flood,
			"batch": c.Batch, "window": c.Window, "duration": c.Duration.String(),
			"loops": c.Loops, "serverFlags": c.ServerFlag, "generatorLoops": max(c.GeneratorLoops, 1),
		},
		Columns: []string{"receiving", "publishing"},
		Host:    describeHost(), Began: time.Now(),
	}
	for range c.Rounds {
		far, near, err := c.measure(ctx)
		if err != nil {
			return err
		}
		report.Server, report.Floor = append(report.Server, far), append(report.Floor, near)
	}
	if err := c.write(out, &report); err != nil {
		return err
	}
	return report.failure()
}

// local is the number of sockets on the publishing node.
func (c *Cluster) local() int {
	if c.NoLocal {
		return 0
	}
	return c.Conns
}

func (c *Cluster) check() error {
	if c.Rate <= 0 || c.Duration <= 0 {
		return fmt.Errorf("%w: rate and duration must be positive", ErrOption)
	}
	if err := c.Flood.check(); err != nil {
		return err
	}
	return checkLoad(c.Conns, c.Rooms, c.Size, c.Rounds)
}

// measure is one round with fresh nodes.
func (c *Cluster) measure(ctx context.Context) (far, near Round, err error) {
	t, err := c.openTier(ctx)
	if err != nil {
		return far, near, err
	}
	defer t.close()
	source := newPublisher(t.near.admin, c.local(), c.Rooms, c.Size)
	if err := c.warmUp(ctx, t, source); err != nil {
		return far, near, err
	}
	before := source.messages()
	if err := t.begin(); err != nil {
		return far, near, err
	}
	if err := c.publish(ctx, t, source); err != nil {
		return far, near, err
	}
	if err := t.await(ctx, source); err != nil {
		return far, near, err
	}
	far, near, err = t.finish(ctx, source, float64(source.messages()-before))
	near.announced(source.receivers, t.near.admin)
	if !c.Flood.Flood && near.MessagesPerSecond < onSchedule*c.Rate {
		near.note("publishing fell behind: %.1f messages a second", near.MessagesPerSecond)
	}
	return far, near, err
}

func (c *Cluster) warmUp(ctx context.Context, t *tier, p *publisher) error {
	for first := 0; first < clusterWarmUp*c.Rooms; first += c.Batch {
		if err := p.spread(ctx, first, min(c.Batch, clusterWarmUp*c.Rooms-first)); err != nil {
			return err
		}
	}
	return t.await(ctx, p)
}

func (c *Cluster) publish(ctx context.Context, t *tier, p *publisher) error {
	if c.Flood.Flood {
		return c.Flood.publish(ctx, p, t.far.load, t.far.members, c.Duration)
	}
	return steadily(ctx, p, c.Rate, c.Duration)
}
