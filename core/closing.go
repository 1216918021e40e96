package core

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// A client's connection ends in steps, RFC 6455 section 7: a close frame goes
// out behind all that waits for the client, the peer's close frame is awaited,
// then the sending half is closed and the peer's end of stream awaited. Closing
// at once would reset the connection if the peer had sent anything more, and
// the close frame could be lost with it. A deadline bounds the whole.

// closeFrames are the frames of the reasons that have one text.
var closeFrames = func() (frames [reasonCount][]byte) {
	for r, row := range reasons {
		if row.code != 0 {
			frames[r] = closeFrame(row.code, row.text)
		}
	}
	return frames
}()

func closeFrame(code codec.StatusCode, text string) []byte {
	return codec.AppendFrame(nil, codec.OpClose, codec.AppendClosePayload(nil, code, text))
}

// end begins to close a client, which from now on receives nothing more.
func (l *loop) end(c *shard.Client, reason Reason) {
	l.endWith(c, reason, closeFrames[reason])
}

func (l *loop) endWith(c *shard.Client, reason Reason, frame []byte) {
	if c.State() != shard.Open {
		return
	}
	c.Reason = uint8(reason)
	c.SetState(shard.Closing)
	l.shard.LeaveAll(c)
	if frame == nil {
		l.shard.Doom(c)
		return
	}
	c.Deadline = l.shard.Now + milliseconds(l.closePatience(c, reason))
	l.shard.GrantLate(c)
	l.shard.EnqueueLast(c, frame)
}

// closePatience is the time for the peer to answer the close frame, and before
// that to take what waits for it.
func (l *loop) closePatience(c *shard.Client, reason Reason) time.Duration {
	o := &l.server.options
	if c.Backlog() > 0 && reason != ReasonSlowConsumer {
		return o.DrainTimeout + o.CloseTimeout
	}
	return o.CloseTimeout
}

// fail closes a client whose bytes broke the protocol.
func (l *loop) fail(c *shard.Client, err *codec.Error) {
	l.endWith(c, reasonOf(err), closeFrame(err.Code, err.Reason))
	l.hangUp(c)
}

// answerClose answers the peer's close frame, or takes it as the answer to ours.
func (l *loop) answerClose(c *shard.Client, payload []byte) {
	if c.State() == shard.Open {
		code, _, err := codec.ParseClosePayload(payload)
		if err != nil {
			l.fail(c, err.(*codec.Error))
			return
		}
		frame := emptyCloseFrame
		if code != codec.StatusNoStatus {
			frame = closeFrame(code, "")
		}
		l.endWith(c, ReasonPeerClosed, frame)
	}
	l.hangUp(c)
}

var emptyCloseFrame = codec.AppendFrame(nil, codec.OpClose, nil)

// hangUp closes the sending half once all has been written. What the peer still
// sends is thrown away.
func (l *loop) hangUp(c *shard.Client) {
	if c.State() == shard.Closing {
		c.SetState(shard.HangingUp)
		l.shard.Finish(c)
	}
}

// Flushed closes the sending half of a client that has been sent all. See
// shard.Owner.
func (l *loop) Flushed(c *shard.Client) {
	if l.finishTLS(c) {
		_ = unix.Shutdown(int(c.Socket().FD), unix.SHUT_WR)
	}
}

// Overflowed ends a client that reads too slowly. See shard.Owner.
func (l *loop) Overflowed(c *shard.Client) {
	l.shard.Discard(c)
	l.end(c, ReasonSlowConsumer)
}

// Disconnect closes a client of this node, with 1008 and the reason, of which
// 123 bytes are sent, or "disconnected" where it is empty. It reports whether the
// client is connected here, and does not wait. Any goroutine may call it.
func (s *Server) Disconnect(id ClientID, reason string) bool {
	frame := closeFrames[ReasonDisconnected]
	if reason != "" {
		frame = closeFrame(ReasonDisconnected.Code(), strings.ToValidUTF8(reason, "\uFFFD"))
	}
	return s.Visit(id, func(c *Context) {
		c.loop.sendReplies(c.client)
		c.loop.endWith(c.client, ReasonDisconnected, frame)
	})
}

// DisconnectUser closes all clients of a user on this node, as Disconnect does
// one, and returns their number.
func (s *Server) DisconnectUser(userID, reason string) (clients int) {
	for _, id := range s.UserClients(userID) {
		if s.Disconnect(id, reason) {
			clients++
		}
	}
	return clients
}
