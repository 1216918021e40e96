package bench

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
)

// tier is two nodes with Redis between them: near publishes, far receives.
type tier struct {
	redis     *process // nil when it is not ours
	near, far side
	redisFrom processCPU
}

// side is a node with the sockets on it.
type side struct {
	*subject
	load      *generator
	members   []int // sockets of each room
	from      mark
	connected float64 // sockets a second
}

// openTier starts all and connects the sockets. The caller closes it.
func (c *Cluster) openTier(ctx context.Context) (*tier, error) {
	t := &tier{}
	err := c.start(ctx, t)
	if err == nil {
		err = errors.Join(c.connect(ctx, &t.far, c.Conns), c.connect(ctx, &t.near, c.local()))
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (c *Cluster) start(ctx context.Context, t *tier) (err error) {
	url := c.RedisURL
	if url == "" {
		if url, t.redis, err = spawnRedis(ctx); err != nil {
			return err
		}
	}
	for _, one := range []struct {
		*side
		name  string
		conns int
	}{{&t.far, "receiving node", c.Conns}, {&t.near, "publishing node", c.local()}} {
		arguments := append(c.serve(one.conns), "--redis-required", "--redis-url", url)
		if one.subject, err = c.spawn(ctx, one.name, "ws://localhost/ws", arguments); err != nil {
			return err
		}
	}
	return nil
}

// spawnRedis starts a server that keeps nothing.
func spawnRedis(ctx context.Context) (url string, p *process, err error) {
	addr, err := freeAddr()
	if err != nil {
		return "", nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	p, err = spawn([]string{
		cmp.Or(os.Getenv("REDIS_SERVER"), "redis-server"),
		"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no",
	})
	if err != nil {
		return "", nil, err
	}
	err = p.awaitReady(ctx, func(context.Context) bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	if err != nil {
		p.stop()
		return "", nil, err
	}
	return "redis://" + addr, p, nil
}

func (c *Cluster) connect(ctx context.Context, s *side, conns int) (err error) {
	s.members = deal(conns, c.Rooms)
	var round Round
	s.load, round, err = s.connect(ctx, plan{Conns: conns, Rooms: c.Rooms, Size: c.Size, WarmUp: clusterWarmUp})
	s.connected = round.ConnectionsPerSecond
	return err
}

// await waits until all that was published has arrived, see generator.await.
func (t *tier) await(ctx context.Context, p *publisher) error {
	return errors.Join(
		t.far.load.await(ctx, p.deliveries(t.far.members)),
		t.near.load.await(ctx, p.deliveries(t.near.members)),
	)
}

// begin notes where measuring begins.
func (t *tier) begin() (err error) {
	if t.redis != nil {
		if t.redisFrom, err = readCPU(t.redis.pid); err != nil {
			return err
		}
	}
	for _, s := range []*side{&t.near, &t.far} {
		if s.from, err = takeMark(s.subject, s.load); err != nil {
			return err
		}
	}
	return nil
}

// finish fills in the rounds. So many messages were published since begin.
func (t *tier) finish(ctx context.Context, p *publisher, messages float64) (far, near Round, err error) {
	for _, one := range []struct {
		*side
		round *Round
	}{{&t.near, &near}, {&t.far, &far}} {
		to, err := takeMark(one.subject, one.load)
		if err != nil {
			return far, near, err
		}
		one.round.load(one.from, to, t.near.load.loops+t.far.load.loops)
		one.round.MessagesPerSecond = messages / one.round.Seconds
		one.round.CPUPerMessage = micros(to.server.since(one.from.server).Total) / messages
	}
	if t.redis != nil {
		to, err := readCPU(t.redis.pid)
		if err != nil {
			return far, near, err
		}
		far.RedisPerMessage = micros(to.since(t.redisFrom).Total) / messages
	}
	if err := pause(ctx, strayTime); err != nil {
		return far, near, err
	}
	return far, near, errors.Join(t.far.count(&far, p), t.near.count(&near, p))
}

// count fills in what became of the sockets and the messages.
func (s *side) count(round *Round, p *publisher) error {
	round.Connections = s.load.conns
	round.ConnectionsPerSecond = s.connected
	return round.conclude(s.load, p.deliveries(s.members))
}

func (t *tier) close() {
	for _, s := range []*side{&t.near, &t.far} {
		if s.load != nil {
			_, _ = s.load.close()
		}
		if s.subject != nil {
			s.subject.close()
		}
	}
	if t.redis != nil {
		t.redis.stop()
	}
}
