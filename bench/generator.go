package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
)

const (
	// handshakesInFlight bounds how many sockets are connecting at a time.
	handshakesInFlight = 256
	// quietLimit is how long nothing may arrive before waiting is given up.
	quietLimit = 5 * time.Second
	// spareDescriptors is what the process needs beside the sockets.
	spareDescriptors = 64
)

// handshakeKey and maskingKey are the same for all sockets: they need be
// unpredictable only where a proxy could be fooled.
var (
	handshakeKey = []byte("Z2FubmV0LWJlbmNoLWtleQ==")
	maskingKey   = [4]byte{0x6b, 0x1d, 0xc3, 0x52}
)

// plan is what a generator does. It does not change once the loops run.
type plan struct {
	endpoint endpoint
	conns    int
	rooms    int    // sockets join them in turn; 0: none, ready when upgraded
	size     int    // bytes of a message's payload
	warmUp   uint64 // messages at the start of each room whose latency is not counted
	loops    int
	inFlight int

	requests *requests // what sockets send; nil: they only receive

	request []byte   // the upgrade
	joins   [][]byte // the join frame of each room
}

// generator holds the sockets of one measurement. Its methods belong to the
// goroutine that started it.
type generator struct {
	loops  []*loop
	conns  int
	done   sync.WaitGroup
	closed sync.Once
	sum    tally // of all loops, after close
}

// startGenerator begins to connect. The caller calls close.
func startGenerator(p plan) (*generator, error) {
	if err := checkDescriptors(p.conns); err != nil {
		return nil, err
	}
	p.loops = max(p.loops, 1)
	p.inFlight = handshakesInFlight
	p.request = codec.AppendUpgradeRequest(nil, p.endpoint.host, p.endpoint.target, handshakeKey, "")
	for room := range p.rooms {
		join := joinRequest(roomName(room, p.rooms))
		p.joins = append(p.joins, codec.AppendMaskedFrame(nil, codec.OpText, true, maskingKey, join))
	}
	if p.requests != nil {
		p.requests.members = deal(p.conns, max(p.rooms, 1))
	}
	g := &generator{conns: p.conns}
	for i := range p.loops {
		l, err := newLoop(&p, i, p.loops)
		if err != nil {
			g.close()
			return nil, err
		}
		g.loops = append(g.loops, l)
		g.done.Go(l.run)
	}
	return g, nil
}

func checkDescriptors(conns int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("bench: reading the descriptor limit: %w", err)
	}
	if uint64(conns+spareDescriptors) > limit.Cur {
		return fmt.Errorf("bench: %d connections need more than the %d descriptors this process may open (ulimit -n)", conns, limit.Cur)
	}
	return nil
}

// state sums the loops' progress.
func (g *generator) state() (ready, failed, closed int, delivered uint64) {
	for _, l := range g.loops {
		ready += int(l.progress.ready.Load())
		failed += int(l.progress.failed.Load())
		closed += int(l.progress.closed.Load())
		delivered += l.progress.delivered.Load()
	}
	return ready, failed, closed, delivered
}

// talk has sockets begin or cease to send.
func (g *generator) talk(on bool) {
	for _, l := range g.loops {
		l.sending.Store(on)
		l.poller.wake()
	}
}

// sent returns how many messages sockets have sent, and the deliveries that
// should follow from them.
func (g *generator) sent() (messages, expected uint64) {
	for _, l := range g.loops {
		messages += l.progress.sent.Load()
		expected += l.progress.expected.Load()
	}
	return messages, expected
}

// alive returns how many sockets are ready and open.
func (g *generator) alive() int {
	ready, _, closed, _ := g.state()
	return ready - closed
}

// delivered returns how many distinct messages have arrived.
func (g *generator) delivered() uint64 {
	_, _, _, n := g.state()
	return n
}

// trouble returns the first thing that went wrong with a socket, or nil.
func (g *generator) trouble() error {
	for _, l := range g.loops {
		if err := l.trouble.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// connect waits until all sockets are ready. One that fails is an error.
func (g *generator) connect(ctx context.Context) error {
	last, lastChange := 0, time.Now()
	for {
		ready, failed, _, _ := g.state()
		switch {
		case failed > 0 || ready < g.conns && g.trouble() != nil:
			return fmt.Errorf("bench: %d of %d sockets were ready when one failed: %w", ready, g.conns, g.trouble())
		case ready == g.conns:
			return nil
		case ready > last:
			last, lastChange = ready, time.Now()
		case time.Since(lastChange) > quietLimit:
			return fmt.Errorf("bench: %d of %d sockets were ready, and no other for %v", ready, g.conns, quietLimit)
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
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
			return nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
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

// close ends the loops, closes all sockets and returns what was counted. Calling
// it again returns the same.
func (g *generator) close() *tally {
	g.closed.Do(func() {
		for _, l := range g.loops {
			l.end()
		}
		g.done.Wait()
		for _, l := range g.loops {
			l.poller.close()
			g.sum.merge(&l.tally)
		}
	})
	return &g.sum
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
