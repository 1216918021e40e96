package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// link listens to one Redis server, on one connection at a time. When it is lost
// the link makes another, subscribes again to all that is wanted, and proves with
// a probe, a message to itself, that they arrive. What lies between the last
// probe before the loss and that one is reported as a gap.
type link struct {
	options  *Options
	server   server
	interest *interest
	health   *health
	stats    *counters
	gaps     *gaps
	arrive   func(channel, message string)
	probing  func(number int) string // the channel of probes, or one of several
	cluster  *cluster                // nil if there is none
	lag      lag

	// Guarded by interest.mu.
	connected bool
	changed   []*subscription
	left      []string               // channels that have moved to another link
	certain   time.Time              // nothing that was published before is missing
	ready     []func(error)          // of subscriptions that have been confirmed
	lapsing   map[*subscription]bool // its subscriptions of which messages may be missing

	nudged chan struct{}
	echoes chan string
	tried  chan struct{} // closed when the first attempt to connect is over
	made   chan struct{} // closed when one has succeeded
	end    context.CancelFunc
	ended  chan struct{}

	// The goroutine's own.
	probe    [16]byte // by chance, and how manieth
	probed   string   // the channel that is subscribed to for probes
	attempts int
}

const (
	batchChannels = 128 // of one SUBSCRIBE
	batchCommands = 16  // sent at once
)

var errDeaf = errors.New("what is published does not come back")

// prepare makes what others use as soon as they know the link. It comes first.
func (l *link) prepare() {
	l.nudged = make(chan struct{}, 1)
	l.echoes = make(chan string, 1)
	l.tried, l.made = make(chan struct{}), make(chan struct{})
	l.ended = make(chan struct{})
	l.certain = time.Now()
	l.lapsing = map[*subscription]bool{}
}

// start begins to connect. It is ended by close.
func (l *link) start() {
	_, _ = rand.Read(l.probe[:8]) // never fails
	l.health.expect(l)
	ctx, end := context.WithCancel(context.Background())
	l.end = end
	go l.run(ctx)
}

// close ends the link, and waits for it.
func (l *link) close() {
	l.end()
	<-l.ended
}

func (l *link) run(ctx context.Context) {
	defer close(l.ended)
	defer l.health.forget(l)
	defer once(l.tried)
	var again backoff
	for ctx.Err() == nil {
		err := l.session(ctx, &again)
		l.attempts++
		once(l.tried)
		if ctx.Err() == nil {
			l.health.down(l, "messages of other nodes do not arrive", err)
			again.wait(ctx)
		}
	}
}

// once closes a channel that may be closed.
func once(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// patience is the time for Redis to answer, and for a probe to come back.
func (l *link) patience() time.Duration { return 2 * l.options.ProbeInterval }

// session is one connection's life.
func (l *link) session(ctx context.Context, again *backoff) error {
	conn, err := l.server.connect(ctx, l.patience(), hooks{OnMessage: l.received, OnSubscription: l.confirmed})
	if err != nil {
		return err
	}
	defer conn.close()
	l.open()
	defer l.lose()
	l.probed = ""
	certain := l.certain
	for more := true; more; l.tell() {
		if more, err = l.subscribe(ctx, conn); err != nil {
			return err
		}
	}
	if err := l.prove(ctx, conn); err != nil {
		return err
	}
	again.reset()
	l.whole(certain)
	return l.keep(ctx, conn)
}

// whole is called when all that is wanted arrives again.
func (l *link) whole(since time.Time) {
	if l.attempts > 0 {
		l.stats.reconnects.Add(1)
		rooms, others := l.interest.of(l)
		l.gaps.lost(rooms, others, since, time.Now())
	}
	l.mend()
	l.health.up(l)
	once(l.tried)
	once(l.made)
}

// mend reports what had lapsed and stands again.
func (l *link) mend() {
	if rooms, others, since := l.lapsed(); len(rooms)+len(others) > 0 {
		l.gaps.lost(rooms, others, since, time.Now())
	}
}

// keep serves the connection until it is lost.
func (l *link) keep(ctx context.Context, conn *connection) error {
	ticker := time.NewTicker(l.options.ProbeInterval)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-l.nudged:
			l.tell()
			err = l.update(ctx, conn)
		case <-ticker.C:
			err = l.prove(ctx, conn)
		case err = <-conn.lost:
			return lostBecause(err)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// update subscribes to some of what has changed. What had lapsed is proved to
// arrive again.
func (l *link) update(ctx context.Context, conn *connection) error {
	more, err := l.subscribe(ctx, conn)
	if more {
		l.nudge()
	}
	if err != nil || !l.anyLapsed() {
		return err
	}
	if err := l.prove(ctx, conn); err != nil {
		return err
	}
	l.mend()
	return nil
}

// subscribe tells Redis some of what has changed, and reports whether more has.
// It returns when Redis has begun to answer each command: confirmed is called for
// each channel.
func (l *link) subscribe(ctx context.Context, conn *connection) (more bool, err error) {
	on, off, more := l.changes(batchChannels * batchCommands)
	if len(on)+len(off) == 0 {
		return more, nil
	}
	plain, sharded := l.sort(on)
	plainOff, shardedOff := l.sort(off)
	var commands []rueidis.Completed
	for _, channel := range sharded { // each may have another fate
		commands = append(commands, conn.builder().Ssubscribe().Channel(channel).Build())
	}
	for _, channel := range shardedOff {
		commands = append(commands, conn.builder().Sunsubscribe().Channel(channel).Build())
	}
	for some := range slices.Chunk(plain, batchChannels) {
		commands = append(commands, conn.builder().Subscribe().Channel(some...).Build())
	}
	for some := range slices.Chunk(plainOff, batchChannels) {
		commands = append(commands, conn.builder().Unsubscribe().Channel(some...).Build())
	}
	for i, answer := range conn.ask(ctx, commands...) {
		err := answer.Error()
		switch {
		case err == nil:
		case l.cluster == nil || !isMoved(err):
			return more, lostBecause(err)
		case i < len(sharded):
			l.moved(sharded[i])
		}
	}
	return more, nil
}

// sort parts channels by how they are subscribed to.
func (l *link) sort(channels []string) (plain, sharded []string) {
	if l.cluster == nil {
		return channels, nil
	}
	for _, channel := range channels {
		if l.cluster.sharded(channel) {
			sharded = append(sharded, channel)
		} else {
			plain = append(plain, channel)
		}
	}
	return plain, sharded
}

// received is called by the connection and must not block.
func (l *link) received(m rueidis.PubSubMessage) {
	if strings.HasPrefix(m.Message, probeMark+string(l.probe[:8])) {
		select {
		case l.echoes <- m.Message:
		default: // nobody waits for that many
		}
		return
	}
	l.arrive(m.Channel, m.Message)
}

// nudge has the goroutine look at what has changed.
func (l *link) nudge() {
	select {
	case l.nudged <- struct{}{}:
	default:
	}
}
