package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// publisher publishes to one Redis server: any goroutine hands it messages, and
// one sends them in batches, in that order. A message is sent once or not at all:
// what was sent and not answered is unknown.
type publisher struct {
	options *Options
	server  server
	command func(b rueidis.Builder, channel, message string) rueidis.Completed
	// moved is told the channels of which messages were lost because another
	// server serves them. Nil where there is no other.
	moved   func(tears)
	numbers *numbering
	stats   *counters
	health  *health

	began time.Time

	mu      sync.Mutex
	state   publisherState
	queue   queue
	sending bool // a batch has been sent and not been answered
	torn    tears

	wake  chan struct{}
	end   context.CancelFunc
	ended chan struct{}

	batch    []outgoing          // being sent
	commands []rueidis.Completed // for it
}

const (
	maxBatch      = 512     // messages that are sent at once
	maxBatchBytes = 1 << 20 // in them, but for the last one
)

type publisherState uint8

const (
	starting publisherState = iota // not connected yet: messages wait, for PublishTimeout
	up
	down    // messages are refused
	closing // so are they, and what waits is sent
)

// Why a message is refused.
var (
	errAway   = errors.New("the message was not sent to other nodes: there is no connection to Redis")
	errQueue  = errors.New("the message was not sent to other nodes: too many wait for Redis")
	errClosed = errors.New("the message was not sent to other nodes: the bus is closed")
)

// start begins to connect. It is ended by close.
func (p *publisher) start() {
	p.began = time.Now()
	p.torn = tears{}
	p.wake = make(chan struct{}, 1)
	p.ended = make(chan struct{})
	ctx, end := context.WithCancel(context.Background())
	p.end = end
	p.health.expect(p)
	go p.run(ctx)
}

// close sends what waits, for at most PublishTimeout, and ends.
func (p *publisher) close() {
	p.mu.Lock()
	p.state = closing
	if p.queue.empty() && !p.sending {
		p.end()
	}
	p.mu.Unlock()
	defer time.AfterFunc(p.options.PublishTimeout, p.end).Stop()
	p.ring()
	<-p.ended
}

// publish queues a message, which is the publisher's from here on. A numbered
// one begins with a header, whose mark is set here. The number of a message that
// is refused is not used again: who listens sees that it is missing.
func (p *publisher) publish(o outgoing) error {
	o.since = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.numbered {
		stamp(o.message, p.numbers.next(o.channel))
	}
	defer p.ring()
	if err := p.admit(&o); err != nil {
		p.failed(&o)
		return err
	}
	p.queue.push(o)
	return nil
}

func (p *publisher) admit(o *outgoing) error {
	switch {
	case p.state == down:
		return errAway
	case p.state == closing:
		return errClosed
	case p.queue.bytes+o.size() > int(p.options.MaxQueue):
		return errQueue
	}
	return nil
}

// failed counts a message that was not sent. p.mu is locked.
func (p *publisher) failed(o *outgoing) {
	o.count(&p.stats.failed)
	p.tear(o)
}

// tear notes that a message is lost. p.mu is locked.
func (p *publisher) tear(o *outgoing) {
	if o.numbered {
		p.torn.add(o.channel, o.mark(), p.options.MaxChannels)
	}
}

func (p *publisher) ring() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// waiting returns the size in bytes of the messages that wait.
func (p *publisher) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.bytes
}

// mend has those who listen to a channel told that messages of it were lost.
func (p *publisher) mend(channel string, last mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.torn.add(channel, last, p.options.MaxChannels)
	p.ring()
}
