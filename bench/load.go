package bench

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// connsPerProcess is how many sockets one process of the generator holds at most,
// unless --conns-per-process says otherwise.
const connsPerProcess = 15_000

// generate starts the generator of a plan, which lacks the endpoint and the loops,
// against the server, and watches both. The caller calls close.
func (s *subject) generate(p plan) (*generator, error) {
	g, err := s.quietly(p)
	if err == nil {
		g.watch = watch(s, g)
	}
	return g, err
}

// connect is generate, and returns when all sockets are ready. The round that it
// begins says how fast they were.
func (s *subject) connect(ctx context.Context, p plan) (g *generator, round Round, err error) {
	round = Round{Connections: p.Conns}
	if g, err = s.generate(p); err != nil {
		return nil, round, err
	}
	if err := g.connect(ctx); err != nil {
		_, _ = g.close()
		return nil, round, err
	}
	round.ConnectionsPerSecond = float64(p.Conns) / time.Since(g.began).Seconds()
	return g, round, nil
}

// quietly is generate without watching.
func (s *subject) quietly(p plan) (*generator, error) {
	p.Endpoint = s.endpoint
	p.Loops = s.setup.GeneratorLoops
	p.TokenSecret = s.setup.TokenSecret
	if err := s.dialect.instruct(&p); err != nil {
		return nil, err
	}
	if s.setup.ConnsPerProcess < 0 {
		return nil, fmt.Errorf("%w: conns-per-process must be positive", ErrOption)
	}
	command, err := s.setup.program()
	if err != nil {
		return nil, err
	}
	return startGenerator(p, cmp.Or(s.setup.ConnsPerProcess, connsPerProcess), command)
}

// conclude ends the generator and fills in what became of its sockets, and of the
// deliveries that were expected.
func (r *Round) conclude(g *generator, expected uint64) error {
	r.Alive = g.alive()
	sum, err := g.close()
	if err != nil {
		return err
	}
	r.count(sum, expected)
	r.Samples = g.watch.samples
	r.doubt(g.trouble())
	return nil
}
