package core

import (
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// maxReplies is the size at which replies are written although input is left.
const maxReplies = 64 << 10

// receive handles the bytes that came from a client: each whole frame in turn,
// then one write with all replies.
func (l *loop) receive(c *shard.Client, in []byte) {
	l.shard.Now = l.server.now()
	l.shard.See(c)
	l.window = c.Window()
	l.hearLate(c, 0, len(in))
	for c.State() == shard.Open || c.State() == shard.Closing {
		frame, ok, n, err := c.Reader.Next(l.readerOf(c), in)
		if err != nil {
			l.sendReplies(c)
			l.fail(c, err.(*codec.Error))
			break
		}
		l.chargeFragments(c)
		if !ok {
			break
		}
		in = in[n:]
		l.handleFrame(c, frame)
		if len(l.replies) >= maxReplies {
			l.sendReplies(c)
		}
	}
	l.noteBegun(c)
	l.sendReplies(c)
	l.shard.Settle()
	l.pauseIfCrowding(c)
	l.finish()
}

func (l *loop) handleFrame(c *shard.Client, frame codec.Frame) {
	l.heard++
	switch {
	case frame.Opcode == codec.OpClose:
		l.sendReplies(c)
		l.answerClose(c, frame.Payload)
	case c.State() != shard.Open:
		// The close frame is on its way: nothing else is answered.
		l.hearLate(c, 1, 0)
	case frame.Opcode == codec.OpPong:
		l.charge(c, len(frame.Payload))
	case frame.Opcode != codec.OpPing:
		l.counters.MessagesIn++
		c.Active = l.shard.Now
		if frame.Compressed {
			l.receiveCompressed(c, frame)
			return
		}
		l.receivePlain(c, frame)
	case l.shard.Spend(c, len(frame.Payload)):
		l.pong(c, frame.Payload)
	default:
		l.overRate(c, frame)
	}
}

// receivePlain handles a message that is not compressed, if the client keeps within
// its rates.
func (l *loop) receivePlain(c *shard.Client, frame codec.Frame) {
	if !l.shard.Spend(c, len(frame.Payload)) {
		l.overRate(c, frame)
		return
	}
	l.receiveMessage(c, frame)
}

// receiveMessage handles a message that the client's rates allow.
func (l *loop) receiveMessage(c *shard.Client, frame codec.Frame) {
	if c.Echo() {
		l.echo(frame)
		return
	}
	l.handleMessage(c, frame.Payload, frame.Opcode == codec.OpText)
}

// pong answers a ping. Behind a backlog it is queued as a control frame, so
// that the backlog's limit does not stop it; an echo client has none.
func (l *loop) pong(c *shard.Client, payload []byte) {
	if c.Backlog() > 0 && !c.Echo() {
		l.shard.EnqueueControl(c, codec.AppendFrame(nil, codec.OpPong, payload))
		return
	}
	l.replies = codec.AppendFrame(l.replies, codec.OpPong, payload)
	l.framed++
}

// frame adds a text message to the replies.
func (l *loop) frame(payload []byte) {
	l.replies = l.appendFrame(l.replies, codec.OpText, payload)
	l.framed++
}

// sendReplies writes the replies to the client whose input is being handled.
func (l *loop) sendReplies(c *shard.Client) {
	if len(l.replies) == 0 {
		return
	}
	if c.State() == shard.Open {
		l.shard.Send(c, l.replies, l.framed)
	}
	l.replies, l.framed = trim(l.replies), 0
}

// trim empties a buffer, and lets go of one that has grown large.
func trim(b []byte) []byte {
	if cap(b) > 4*maxReplies {
		return nil
	}
	return b[:0]
}
