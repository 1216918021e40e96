package bench

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// spareDescriptors is what a process needs beside the sockets.
const spareDescriptors = 64

// local is sockets of this process. It is a part.
type local struct {
	loops []*loop
	done  sync.WaitGroup
}

// startLocal begins to connect a process's share of a plan. The caller calls
// close.
func startLocal(p plan) (*local, error) {
	if err := checkDescriptors(p.Held); err != nil {
		return nil, err
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	l := &local{}
	for i := range p.Loops {
		loop, err := newLoop(&p, i)
		if err != nil {
			_, _ = l.close()
			return nil, err
		}
		l.loops = append(l.loops, loop)
		l.done.Go(loop.run)
	}
	return l, nil
}

func checkDescriptors(conns int) error {
	limit, err := descriptorLimit()
	if err != nil {
		return err
	}
	if uint64(conns+spareDescriptors) > limit {
		return fmt.Errorf("bench: %d connections need more than the %d descriptors that a process may open: raise the limit (ulimit -n), or see --conns-per-process", conns, limit)
	}
	return nil
}

func descriptorLimit() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("bench: reading the descriptor limit: %w", err)
	}
	return limit.Cur, nil
}

func (l *local) observe() (o observation) {
	for _, loop := range l.loops {
		o.State.add(loop.progress.load())
		o.Trouble = first(o.Trouble, &loop.trouble)
		o.Setback = first(o.Setback, &loop.setback)
		o.Puzzle = first(o.Puzzle, &loop.puzzle)
	}
	return o
}

func (l *local) order(o order) {
	for _, loop := range l.loops {
		loop.order(o)
	}
}

func (l *local) failure() error { return nil }

func (l *local) child() int { return 0 }

func (l *local) close() (*tally, error) {
	for _, loop := range l.loops {
		loop.end()
	}
	l.done.Wait()
	var sum tally
	for _, loop := range l.loops {
		loop.poller.close()
		sum.merge(&loop.tally)
	}
	return &sum, nil
}
