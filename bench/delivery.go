package bench

import (
	"context"
	"errors"
	"time"
)

// strayTime is how long a round listens on after the last delivery, for messages
// that come twice.
const strayTime = 100 * time.Millisecond

// onSchedule is the share of the intended rate that publishing must reach.
const onSchedule = 0.95

// delivery is a round of publishing, which Fanout and Merged share.
type delivery struct {
	plan    plan // without the endpoint and the loops
	warmUp  func(ctx context.Context, p *publisher) error
	publish func(ctx context.Context, p *publisher, g *generator) error
	bursts  int     // bursts that each socket gets from publish; 0: single messages
	rate    float64 // messages a second that publish should reach; 0: none
}

// measure connects, publishes and counts.
func (d *delivery) measure(ctx context.Context, s *subject) (Round, error) {
	p := d.plan
	g, round, err := s.connect(ctx, p)
	if err != nil {
		return round, err
	}
	defer func() { _, _ = g.close() }()

	source := newPublisher(s.admin, p.Conns, p.Rooms, p.Size)
	source.prose = p.Compression
	if err := d.publishMeasured(ctx, s, g, source, &round); err != nil {
		return round, err
	}
	if err := pause(ctx, strayTime); err != nil {
		return round, err
	}
	if err := round.conclude(g, source.expected); err != nil {
		return round, err
	}
	round.announced(source.receivers, s.admin)
	if p.Compression && round.Compressed == 0 && s.name != floorName {
		round.note("nothing came compressed: the messages may be smaller than --compression-threshold of the server")
	}
	if round.MessagesPerSecond < onSchedule*d.rate {
		round.note("publishing fell behind: %.1f messages a second", round.MessagesPerSecond)
	}
	return round, nil
}

// publishMeasured warms up, then publishes between two marks.
func (d *delivery) publishMeasured(ctx context.Context, s *subject, g *generator, source *publisher, round *Round) error {
	if err := d.warmUp(ctx, source); err != nil {
		return err
	}
	if err := g.await(ctx, source.expected); err != nil {
		return err
	}
	writes, err := d.writes(ctx, s)
	if err != nil {
		return err
	}
	from, err := takeMark(s, g)
	if err != nil {
		return err
	}
	before := source.messages()
	if err := d.publish(ctx, source, g); err != nil {
		return err
	}
	round.MessagesPerSecond = float64(source.messages()-before) / time.Since(from.time).Seconds()
	if err := g.await(ctx, source.expected); err != nil {
		return err
	}
	to, err := takeMark(s, g)
	if err != nil {
		return err
	}
	round.load(from, to, g.loops)
	return d.countWrites(ctx, s, writes, round)
}

// writes reads the server's count of writes; 0 where it has none or the scenario
// has no use for it.
func (d *delivery) writes(ctx context.Context, s *subject) (float64, error) {
	if d.bursts == 0 {
		return 0, nil
	}
	n, err := s.admin.metric(ctx, metricWrites)
	if errors.Is(err, errNoMetric) {
		return 0, nil
	}
	return n, err
}

// countWrites fills in how often the server wrote to a socket for each burst.
func (d *delivery) countWrites(ctx context.Context, s *subject, before float64, round *Round) error {
	if d.bursts == 0 {
		return nil
	}
	after, err := d.writes(ctx, s)
	round.WritesPerSocket = (after - before) / float64(d.bursts) / float64(d.plan.Conns)
	return err
}
