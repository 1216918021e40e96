package core

import (
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// A client that sends more than MaxMessageRate or MaxByteRate allows is told
// so, and closed after MaxStrikes such messages. A ping counts as a message; one
// beyond the rate is not answered. Other frames, the fragments of a message and
// pongs, count as some bytes more: without that an endless message of empty frames
// would be free.

var errRateLimit = &Error{Text: "Rate limit exceeded", Code: "RATE_LIMIT"}

// overRate answers a message that is not handled.
func (l *loop) overRate(c *shard.Client, frame codec.Frame) {
	if l.struckOut(c) || frame.Opcode == codec.OpPing {
		return
	}
	envelope, _ := l.parser.Parse(frame.Payload, frame.Opcode == codec.OpText) // for its id
	l.replyError(errRateLimit.Text, errRateLimit.Code, envelope.ID)
}

// struckOut counts a message or frame beyond the client's rates, and reports whether
// that has ended the client.
func (l *loop) struckOut(c *shard.Client) bool {
	l.counters.RateLimited++
	if int(c.Strikes) < l.server.options.MaxStrikes {
		return false
	}
	l.sendReplies(c)
	l.end(c, ReasonRateLimit)
	return true
}

// chargeFragments charges the client for the frames of fragmented messages that have
// just been read.
func (l *loop) chargeFragments(c *shard.Client) {
	fragments := c.Reader.TakeFragments()
	l.heard += fragments
	if c.State() != shard.Open {
		l.hearLate(c, fragments, 0)
		return
	}
	for range fragments {
		if c.State() != shard.Open {
			return
		}
		l.charge(c, 0)
	}
}

// charge charges the client for a frame that is no message by itself.
func (l *loop) charge(c *shard.Client, size int) {
	if !l.shard.SpendFrame(c, size) {
		l.struckOut(c)
	}
}

// rates returns the token buckets of a client: a second's worth may come at
// once, and one message of the largest size always may.
func (o *Options) rates() (messages, bytes shard.Rate) {
	if o.MaxMessageRate > 0 {
		messages = shard.Rate{PerSecond: float32(o.MaxMessageRate), Burst: float32(o.MaxMessageRate)}
	}
	if o.MaxByteRate > 0 {
		bytes = shard.Rate{PerSecond: float32(o.MaxByteRate), Burst: float32(max(o.MaxByteRate, o.MaxMessageSize))}
	}
	return messages, bytes
}
