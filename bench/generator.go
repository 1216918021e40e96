package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// quietLimit is how long nothing may arrive before waiting is given up. Tests
// that lose something shorten it.
var quietLimit = 5 * time.Second

// generator holds the sockets of one measurement, in this process or, where they
// are too many, in children of it. Its methods belong to the goroutine that
// started it, except state, pids and trouble, which any may call.
type generator struct {
	parts  []part
	conns  int
	loops  int       // of all processes
	breaks int       // that were ordered
	began  time.Time // when it began to connect
	watch  *watcher
	closed bool
	sum    tally // of all processes, after close
	err    error // of close
}

// startGenerator begins to connect, from this process or, where it would hold
// more sockets than perProcess, from children, which are started by a command to
// which "bench generator" is appended. The caller calls close.
func startGenerator(p plan, perProcess int, command []string) (*generator, error) {
	n := max((p.Conns+perProcess-1)/perProcess, 1)
	g := &generator{conns: p.Conns, loops: n * max(p.Loops, 1), began: time.Now()}
	for k := range n {
		one, err := startPart(p.share(k, n), command)
		if err != nil {
			_, _ = g.close()
			return nil, err
		}
		g.parts = append(g.parts, one)
	}
	if n == 1 {
		g.began = time.Now() // with what the sockets send at hand; children prepare for themselves
	}
	return g, nil
}

func startPart(p plan, command []string) (part, error) {
	if p.Processes == 1 {
		return startLocal(p)
	}
	return startRemote(p, command)
}

// state sums the processes' states.
func (g *generator) state() (sum state) {
	for _, p := range g.parts {
		sum.add(p.observe().State)
	}
	return sum
}

// talk has sockets begin or cease to send.
func (g *generator) talk(on bool) {
	o := hush
	if on {
		o = talk
	}
	g.order(o)
}

// sever resets all connections and begins them again; connect waits for them.
func (g *generator) sever() {
	g.breaks++
	g.order(sever)
}

func (g *generator) order(o order) {
	for _, p := range g.parts {
		p.order(o)
	}
}

// sent returns how many messages sockets have sent, and the deliveries that
// should follow from them.
func (g *generator) sent() (messages, expected uint64) {
	s := g.state()
	return s.Sent, s.Expected
}

// alive returns how many sockets are ready and open.
func (g *generator) alive() int {
	s := g.state()
	return s.alive()
}

// delivered returns how many distinct messages have arrived.
func (g *generator) delivered() uint64 { return g.state().Delivered }

// trouble returns the first thing that went wrong with a socket, or nil.
func (g *generator) trouble() error {
	return g.find(func(o observation) string { return o.Trouble })
}

// setback returns the first thing that went wrong with a socket on its way back
// after a break, or nil.
func (g *generator) setback() error {
	return g.find(func(o observation) string { return o.Setback })
}

func (g *generator) find(text func(o observation) string) error {
	for _, p := range g.parts {
		if found := text(p.observe()); found != "" {
			return errors.New(found)
		}
	}
	return nil
}

// failure returns why a process cannot go on, or nil.
func (g *generator) failure() error {
	for _, p := range g.parts {
		if err := p.failure(); err != nil {
			return err
		}
	}
	return nil
}

// pids are the generator's processes, this one first.
func (g *generator) pids() []int {
	pids := []int{os.Getpid()}
	for _, p := range g.parts {
		if child := p.child(); child != 0 {
			pids = append(pids, child)
		}
	}
	return pids
}

// connect waits until all sockets are ready, again if they were severed. One that
// fails is an error.
func (g *generator) connect(ctx context.Context) error {
	last, lastChange := int64(0), time.Now()
	for {
		s := g.state()
		severed := int(s.Breaks) == g.breaks*g.loops
		switch {
		case g.failure() != nil:
			return g.failure()
		case s.Failed > 0 || int(s.Ready) < g.conns && g.trouble() != nil:
			return fmt.Errorf("bench: %d of %d sockets were ready when one failed: %w", s.Ready, g.conns, g.trouble())
		case severed && int(s.Ready) == g.conns:
			return nil
		case s.Ready != last:
			last, lastChange = s.Ready, time.Now()
		case time.Since(lastChange) > quietLimit:
			return g.stalled(s.Ready)
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// stalled is the error that so many sockets are ready and no other will be.
func (g *generator) stalled(ready int64) error {
	err := fmt.Errorf("bench: %d of %d sockets were ready, and no other for %v", ready, g.conns, quietLimit)
	if answer := g.find(func(o observation) string { return o.Puzzle }); answer != nil {
		err = fmt.Errorf("%w; one was answered %w", err, answer)
	}
	return err
}

// await waits until n messages have been delivered, or nothing new has arrived
// for quietLimit.
func (g *generator) await(ctx context.Context, n uint64) error {
	last, lastChange := uint64(0), time.Now()
	for {
		delivered := g.delivered()
		if delivered > last {
			last, lastChange = delivered, time.Now()
		}
		if delivered >= n || time.Since(lastChange) > quietLimit {
			return g.failure()
		}
		if err := errors.Join(g.failure(), pause(ctx, time.Millisecond)); err != nil {
			return err
		}
	}
}

// quiet waits until all that sockets have sent has been delivered, as await does.
// They have ceased to send, which shows when the count does not change any more.
func (g *generator) quiet(ctx context.Context) error {
	for last := uint64(0); ; {
		if err := pause(ctx, strayTime); err != nil {
			return err
		}
		messages, expected := g.sent()
		if err := g.await(ctx, expected); err != nil || messages == last {
			return err
		}
		last = messages
	}
}

// close ends the processes, closes all sockets and returns what was counted.
// Calling it again returns the same.
func (g *generator) close() (*tally, error) {
	if g.closed {
		return &g.sum, g.err
	}
	g.closed = true
	g.watch.stop()
	tallies, failures := make([]*tally, len(g.parts)), make([]error, len(g.parts))
	var done sync.WaitGroup
	for i, p := range g.parts {
		done.Go(func() { tallies[i], failures[i] = p.close() })
	}
	done.Wait()
	for _, t := range tallies {
		g.sum.merge(t)
	}
	g.err = errors.Join(failures...)
	return &g.sum, g.err
}

// pause sleeps for d, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
