package bench

import (
	"context"
	"time"
)

// conversation is a round in which the sockets send, which Echo and Rooms share.
type conversation struct {
	plan     plan // without the endpoint and the loops
	duration time.Duration
}

// talkWarmUp is how long sockets send before measuring begins.
const talkWarmUp = 500 * time.Millisecond

// measure connects, has the sockets send, and counts what comes back.
func (c *conversation) measure(ctx context.Context, s *subject) (Round, error) {
	p := c.plan
	g, round, err := s.connect(ctx, p)
	if err != nil {
		return round, err
	}
	defer func() { _, _ = g.close() }()
	if err := c.talk(ctx, s, g, &round); err != nil {
		return round, err
	}
	if err := pause(ctx, strayTime); err != nil {
		return round, err
	}
	_, expected := g.sent()
	if p.Requests.Rate == 0 {
		if err := correct(g); err != nil {
			return round, err
		}
	}
	if err := round.conclude(g, expected); err != nil {
		return round, err
	}
	if round.MessagesPerSecond < onSchedule*p.Requests.Rate {
		round.note("sending fell behind: %.1f messages a second", round.MessagesPerSecond)
	}
	return round, nil
}

// talk has the sockets send, and measures between two marks.
func (c *conversation) talk(ctx context.Context, s *subject, g *generator, round *Round) error {
	g.talk(true)
	if err := pause(ctx, talkWarmUp); err != nil {
		return err
	}
	from, err := takeMark(s, g)
	if err != nil {
		return err
	}
	before, _ := g.sent()
	if err := pause(ctx, c.duration); err != nil {
		return err
	}
	to, err := takeMark(s, g)
	if err != nil {
		return err
	}
	after, _ := g.sent()
	g.talk(false)
	round.load(from, to, g.loops)
	round.MessagesPerSecond = float64(after-before) / round.Seconds
	round.CPUPerMessage = micros(to.server.since(from.server).Total) / float64(after-before)
	return g.quiet(ctx)
}

// correct ends the generator, and counts the requests that were not sent because
// answers to others were waited for. A socket would have sent one for each usual
// answer, in the middle of all.
func correct(g *generator) error {
	sum, err := g.close()
	if err != nil {
		return err
	}
	sum.Latency.correct(sum.Latency.quantile(0.5))
	return nil
}
