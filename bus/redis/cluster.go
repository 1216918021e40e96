package redis

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// cluster keeps up with which primary serves which slot. Any goroutine may ask
// and nudge; one asks Redis, and tells those who follow.
type cluster struct {
	access   access
	seeds    []string
	servers  *candidates
	timeout  time.Duration
	interval time.Duration // between two questions, if nobody nudges
	plain    int           // the slot whose primary serves all channels that are not sharded
	sharded  func(channel string) bool

	health  *health
	current atomic.Pointer[slots]
	first   chan struct{} // closed when the slots have been asked for once

	mu        sync.Mutex // is held while followers are told
	followers map[any]func(*slots)

	nudged chan struct{}
	end    context.CancelFunc
	wait   sync.WaitGroup
}

// refreshSpacing is the least time between two questions.
const refreshSpacing = 100 * time.Millisecond

func newCluster(o *Options, p *place, sharded func(string) bool, health *health) *cluster {
	c := &cluster{
		access:    p.access,
		seeds:     p.addresses,
		servers:   newCandidates(p.addresses),
		timeout:   o.PublishTimeout,
		interval:  5 * o.ProbeInterval,
		plain:     slotOf(o.Prefix),
		sharded:   sharded,
		health:    health,
		first:     make(chan struct{}),
		followers: map[any]func(*slots){},
		nudged:    make(chan struct{}, 1),
	}
	c.current.Store(&slots{})
	return c
}

// start begins to ask, and has begin called when it has asked once. It is ended
// by close.
func (c *cluster) start(begin func()) {
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	c.health.expect(c)
	c.wait.Go(func() {
		c.try(ctx)
		begin()
		close(c.first)
		c.run(ctx)
		c.health.forget(c)
	})
}

func (c *cluster) close() {
	c.end()
	c.wait.Wait()
}

func (c *cluster) run(ctx context.Context) {
	var again backoff
	ticker := time.NewTicker(c.interval)
	defer ticker.Stop()
	for {
		select {
		case <-time.After(refreshSpacing):
		case <-ctx.Done():
			return
		}
		select {
		case <-c.nudged:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if c.try(ctx) {
			again.reset()
		} else {
			again.wait(ctx)
		}
	}
}

// try asks, reports whether somebody has answered, and has it done again if not.
func (c *cluster) try(ctx context.Context) bool {
	err := c.refresh(ctx)
	if err != nil && ctx.Err() == nil {
		c.health.down(c, "the Cluster's slots are not known", err)
		c.nudge()
	}
	return err == nil
}

// refresh asks the servers that are known, until one answers, and tells who
// follows, even if nothing has changed: something may be due again.
func (c *cluster) refresh(ctx context.Context) error {
	failed := errNoSlots
	for _, address := range c.servers.inOrder() {
		now, err := askSlots(ctx, address, c.access, c.timeout)
		if err != nil {
			failed = err
			continue
		}
		c.servers.prefer(address)
		c.servers.learn(c.seeds, now.primaries())
		c.current.Store(now)
		c.health.up(c)
		c.tell(now)
		return nil
	}
	return failed
}

func (c *cluster) tell(now *slots) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, follow := range c.followers {
		follow(now)
	}
}

// nudge has the slots asked for soon.
func (c *cluster) nudge() {
	select {
	case c.nudged <- struct{}{}:
	default:
	}
}

// doubt has them asked for soon, because a server does not serve what it should:
// somebody else is asked than who said so, for it may be cut off from the others.
func (c *cluster) doubt(address string) {
	c.servers.doubt(address)
	c.nudge()
}

// follow has a function called with what is known, now and from now on, by one
// goroutine at a time.
func (c *cluster) follow(who any, f func(*slots)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followers[who] = f
	f(c.current.Load())
}

// unfollow ends that: the function does not run any more.
func (c *cluster) unfollow(who any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.followers, who)
}

// primary returns the address of the primary that serves a channel, "" if there
// is none.
func (c *cluster) primary(channel string) string {
	if c.sharded(channel) {
		return c.current.Load()[slotOf(channel)]
	}
	return c.current.Load()[c.plain]
}
