package core

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
	"github.com/gannet-ws/gannet/core/secure"
	"github.com/gannet-ws/gannet/shard"
)

// What a loop does with connections that speak TLS. Such a connection begins as a
// handshake whose tls is not nil: until its ClientHello is there it costs no more
// than those bytes, then the TLS handshake runs on a goroutine, then the upgrade
// request is awaited as on any connection. The client that it becomes has the
// secure.Conn for its shard.Transport.

// tlsState is what a handshake has beside if its connection speaks TLS.
type tlsState struct {
	conn     *secure.Conn // nil while the ClientHello is awaited
	out      []byte       // of the TLS handshake, that the socket has not taken
	awaiting bool         // room for it
	over     bool         // the TLS handshake has ended
	shaking  place        // in loop.shaking, while the TLS handshake is under way
	client   shard.ID     // that the connection has become
}

// sealedPiece is how much is decrypted at a time, in bytes.
const sealedPiece = 64 << 10

// secureReady is handshakeReady for a connection that speaks TLS.
func (l *loop) secureReady(h *handshake, events poll.Events) {
	if events&poll.Output != 0 {
		l.shaken(h)
	}
	if events&poll.Input == 0 || h.closed || h.tls.client != (shard.ID{}) {
		return
	}
	in, open := l.read(h.fd, readBuffer)
	switch {
	case !open:
		l.dropHandshake(h)
	case h.refused || len(in) == 0:
	case h.proxied:
		if in = l.takeProxyHeader(h, in); len(in) > 0 {
			l.awaitHello(h, in)
		}
	case h.tls.conn == nil:
		l.awaitHello(h, in)
	case h.tls.over:
		h.tls.conn.Lend(in)
		l.negotiateSealed(h)
	case !h.tls.conn.Feed(in):
		l.dropHandshake(h)
	}
}

// awaitHello begins the TLS handshake when the ClientHello is whole.
func (l *loop) awaitHello(h *handshake, in []byte) {
	h.head = append(h.head, in...)
	whole, err := secure.HasHello(h.head)
	switch {
	case h.hurried:
		l.counters.Refused[refusedAcceptRate]++
		l.dropHandshake(h)
	case err != nil:
		l.counters.TLSFailures++
		l.counters.Refused[refusedNotTLS]++
		l.dropHandshake(h)
	case whole:
		l.shake(h)
	}
}

// flushHandshake writes what the TLS handshake has said, and reports whether all of
// it is gone. If not the loop watches for room.
func (l *loop) flushHandshake(h *handshake) (all bool) {
	t := h.tls
	for len(t.out) > 0 {
		n, err := poll.Write(h.fd, t.out)
		if err != nil && err != unix.EAGAIN {
			l.dropHandshake(h)
			return false
		}
		if err != nil {
			break
		}
		t.out = t.out[n:]
	}
	if full := len(t.out) > 0; full != t.awaiting {
		t.awaiting = full
		events := poll.Input
		if full {
			events |= poll.Output
		}
		if l.poll.Watch(h.handle, events) != nil {
			l.dropHandshake(h)
			return false
		}
	}
	return len(t.out) == 0
}

// failHandshake ends a connection whose TLS handshake has failed. The peer is given
// time to read why.
func (l *loop) failHandshake(h *handshake) {
	l.counters.TLSFailures++
	l.counters.Refused[refusedTLSFailed]++
	l.leave(h)
	_ = unix.Shutdown(h.fd, unix.SHUT_WR)
}

// abortTLS ends the TLS handshake of a connection that is dropped, if one is under
// way.
func (l *loop) abortTLS(h *handshake) {
	if h.tls == nil || h.tls.conn == nil || h.tls.over {
		return
	}
	h.tls.over = true
	l.shaking.remove(&h.tls.shaking)
	h.tls.conn.Abort()
	l.counters.TLSFailures++
}

// negotiateSealed decrypts what has come of an upgrade request, and of the frames
// behind it.
func (l *loop) negotiateSealed(h *handshake) {
	conn, opened := h.tls.conn, l.opening()
	for !h.closed && !h.refused {
		n, err := conn.Open(opened)
		if own := conn.Own(); len(own) > 0 {
			_, _ = poll.Write(h.fd, own) // a peer that does not read this reads no answer either
		}
		if n > 0 {
			l.negotiate(h, opened[:n])
		}
		if h.tls.client != (shard.ID{}) {
			l.receiveOpened(h.tls.client, conn)
			return
		}
		if !h.closed && conn.Overdrawn() {
			l.counters.RateLimited++
			err = errOverdrawn
		}
		if err != nil && !h.closed {
			l.dropHandshake(h)
		}
		if n < len(opened) {
			return
		}
	}
}

var errOverdrawn = errors.New("far more TLS records than data")

// receiveSealed is receive for a client that speaks TLS.
func (l *loop) receiveSealed(c *shard.Client, in []byte) {
	conn := l.shard.Transport(c).(*secure.Conn)
	conn.Lend(in)
	l.receiveOpened(c.ID(), conn)
}

// receiveOpened receives what the client's connection has been lent. The client
// may be gone before the end.
func (l *loop) receiveOpened(id shard.ID, conn *secure.Conn) {
	opened := l.opening()
	for c := l.shard.Find(id); c != nil; c = l.shard.Find(id) {
		n, err := conn.Open(opened)
		l.sendOwn(c, conn)
		if n > 0 {
			l.heard = 0
			l.receive(c, opened[:n])
			conn.Earn(l.heard)
		}
		switch open := l.shard.Find(id) != nil; {
		case open && err != nil:
			l.Drop(c)
			l.finish()
		case open && conn.Overdrawn():
			l.endOverdrawn(c)
		case open && !l.deaf(c) && n == len(opened):
			continue
		}
		return
	}
}

// sendOwn writes what the connection itself has to say, before anything else is
// sealed.
func (l *loop) sendOwn(c *shard.Client, conn *secure.Conn) {
	own := conn.Own()
	if len(own) == 0 {
		return
	}
	if !l.shard.SendSealed(c, own) {
		c.Reason = uint8(ReasonSlowConsumer)
		l.shard.Doom(c)
	}
	l.poll.Again() // to settle
}

// opening returns the buffer that is decrypted to.
func (l *loop) opening() []byte {
	if l.opened == nil {
		l.opened = make([]byte, sealedPiece)
	}
	return l.opened
}

// wrap has a client's connection go on to speak TLS, if it does.
func (l *loop) wrap(h *handshake, c *shard.Client) {
	if h.tls != nil {
		h.tls.client = c.ID()
		l.shard.Wrap(c, h.tls.conn)
	}
}

// lastWords returns the answer that refuses an upgrade as it goes to the socket:
// nothing before a TLS handshake, as the peer would not understand it.
func (l *loop) lastWords(h *handshake, answer []byte) []byte {
	switch {
	case h.tls == nil:
		return answer
	case !h.tls.over:
		return nil
	}
	return h.tls.conn.Finish(answer)
}

// finishTLS tells the peer that nothing more comes, if the client speaks TLS. It
// reports false while that waits for room in the socket: Flushed is called again.
func (l *loop) finishTLS(c *shard.Client) (finished bool) {
	conn, speaks := l.shard.Transport(c).(*secure.Conn)
	if !speaks {
		return true
	}
	if notice := conn.Finish(nil); len(notice) > 0 {
		l.shard.SendSealed(c, notice)
	}
	if c.Backlog() > 0 {
		l.shard.Finish(c)
		return false
	}
	return true
}

// lastNotice tells the peer of a connection that is closed that nothing more comes, if
// it has not been told (RFC 8446, section 6.1). A socket that has no room is not waited
// for.
func lastNotice(fd int, conn *secure.Conn) {
	if notice := conn.Finish(nil); len(notice) > 0 {
		_, _ = poll.Write(fd, notice)
	}
}

// lastNoticeTo is lastNotice for a client that has been sent all that waited for it:
// to others the end is to look as if the connection had been cut, which it is.
func (l *loop) lastNoticeTo(c *shard.Client) {
	conn, speaks := l.shard.Transport(c).(*secure.Conn)
	if speaks && c.Backlog() == 0 {
		lastNotice(int(c.Socket().FD), conn)
	}
}

// tlsExpires is when the certificate does, in Unix seconds, 0 if nobody can say.
func (s *Server) tlsExpires() int64 {
	if s.tls == nil {
		return 0
	}
	at, known := secure.Expires(s.tls)
	if !known {
		return 0
	}
	return at.Unix()
}
