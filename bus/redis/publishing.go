package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// What a publisher's own goroutine does.

func (p *publisher) run(ctx context.Context) {
	defer close(p.ended)
	defer p.health.forget(p)
	defer p.drop(func(*outgoing) bool { return true })
	var again backoff
	for {
		err := p.session(ctx, &again)
		if err == nil || ctx.Err() != nil {
			return
		}
		p.lost(err)
		again.wait(ctx)
	}
}

// session is one connection's life. It returns nil when nothing is left to do.
func (p *publisher) session(ctx context.Context, again *backoff) error {
	// Without a hook the end of a connection that is idle would not be seen.
	ignore := hooks{OnMessage: func(rueidis.PubSubMessage) {}}
	conn, err := p.server.connect(ctx, p.options.PublishTimeout, ignore)
	if err != nil {
		return err
	}
	defer conn.close()
	again.reset()
	p.connected()
	for {
		switch p.take(); {
		case len(p.batch) > 0:
			err = p.send(ctx, conn)
		case p.notify():
		case p.finished():
			return nil
		default:
			err = p.await(ctx, conn)
		}
		if err != nil {
			return err
		}
	}
}

func (p *publisher) connected() {
	p.mu.Lock()
	if p.state != closing {
		p.state = up
	}
	p.mu.Unlock()
	p.health.up(p)
}

// lost is called when there is no connection. What waits is not given up before
// its time.
func (p *publisher) lost(err error) {
	p.mu.Lock()
	waits := p.state == starting && time.Since(p.began) < p.options.PublishTimeout
	if p.state != closing && !waits {
		p.state = down
	}
	p.mu.Unlock()
	p.health.down(p, "messages are not published", err)
	p.drop(p.expired)
}

// await returns when there may be something to send.
func (p *publisher) await(ctx context.Context, conn *connection) error {
	select {
	case <-p.wake:
		return nil
	case err := <-conn.lost:
		return lostBecause(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drop counts the messages at the head of the queue as failed, as long as they
// are such.
func (p *publisher) drop(such func(*outgoing) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.queue.empty() && such(p.queue.first()) {
		o := p.queue.pop()
		p.failed(&o)
	}
}

func (p *publisher) expired(o *outgoing) bool {
	return time.Since(o.since) > p.options.PublishTimeout
}

// take fills the batch with the messages that are next. Where some were lost a
// notice comes first.
func (p *publisher) take() {
	p.drop(p.expired)
	clear(p.batch)
	p.batch = p.batch[:0]
	p.mu.Lock()
	defer p.mu.Unlock()
	for size := 0; !p.queue.empty() && len(p.batch) < maxBatch && size < maxBatchBytes; {
		o := p.queue.pop()
		size += o.size()
		if lost, torn := p.torn[o.channel]; torn && o.numbered && lost.before(o.mark()) {
			delete(p.torn, o.channel)
			p.batch = append(p.batch, notice(o.channel, lost))
		}
		p.batch = append(p.batch, o)
	}
	p.sending = len(p.batch) > 0
}

// notify queues the notices of channels on which nothing follows what was lost,
// and reports whether there is something to send.
func (p *publisher) notify() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.queue.empty() {
		return true
	}
	due := len(p.torn) > 0
	for channel, lost := range p.torn {
		p.queue.push(notice(channel, lost))
	}
	clear(p.torn)
	return due
}

func (p *publisher) finished() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == closing && p.queue.empty()
}

// send sends the batch. The error says that the connection is of no use any more.
func (p *publisher) send(ctx context.Context, conn *connection) error {
	p.commands = p.commands[:0]
	for i := range p.batch {
		o := &p.batch[i]
		p.commands = append(p.commands, p.command(conn.builder(), o.channel, rueidis.BinaryString(o.message)))
	}
	moved, broken := p.judge(conn.ask(ctx, p.commands...))
	if broken != nil {
		p.commands = nil // the connection may still be writing them
	}
	if len(moved) > 0 {
		p.moved(moved)
	}
	return broken
}

// judge counts what has become of the batch.
func (p *publisher) judge(answers []rueidis.RedisResult) (moved tears, broken error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending = false
	moved = tears{}
	for i := range answers {
		o := &p.batch[i]
		switch err := answers[i].Error(); {
		case err == nil:
			o.count(&p.stats.published)
		case isMoved(err) && p.moved != nil:
			o.count(&p.stats.failed)
			if o.numbered {
				moved.add(o.channel, o.mark(), maxBatch)
			}
		case isRefusal(err):
			p.health.complain("Redis refuses to publish", err)
			if !o.notice { // or it would be sent for ever
				p.failed(o)
			}
		default:
			o.count(&p.stats.unknown)
			p.tear(o)
			broken = lostBecause(err)
		}
	}
	return moved, broken
}
