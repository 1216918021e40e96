package core

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/core/poll"
	"github.com/gannet-ws/gannet/shard"
)

// handshake is a connection that is not a client yet: its upgrade request is
// awaited, or it has been refused and its end is awaited.
type handshake struct {
	loop    *loop
	fd      int
	handle  poll.Handle
	head    []byte          // of the request, while it is incomplete
	since   uint32          // shard.Now when it began to wait
	index   int             // in loop.handshakes
	crowded bool            // descriptors were scarce when it came: look again when the request is there
	refused bool            // it is in loop.leaving
	echo    bool            // it is for EchoPath
	pending *pendingUpgrade // its token is being checked
	closed  bool
	tls     *tlsState     // nil where the connection is plain
	deflate codec.Deflate // what is agreed on about compression

	proxied     bool       // its PROXY header is awaited
	hurried     bool       // it came beyond MaxAcceptRate: refuse when the request is there
	counted     bool       // as one of its address's clients
	arrived     bool       // counted as one of its address's handshakes
	subprotocol uint8      // its number among Options.Subprotocols, from 1; 0: none
	address     netip.Addr // of the client, as far as it is known; invalid where it has none

	group     addressKey // its address, among loop.arrivals
	requested place      // in loop.arrivals, while its request is awaited; then in loop.leaving
	grouped   place      // among those of its group in loop.arrivals
}

// handshakeReady reads what has come of an upgrade request.
func (l *loop) handshakeReady(h *handshake) {
	in, open := l.read(h.fd, readBuffer)
	if !open {
		l.dropHandshake(h)
		return
	}
	if h.proxied && !h.refused {
		if in = l.takeProxyHeader(h, in); len(in) == 0 {
			return
		}
	}
	l.negotiate(h, in)
}

// dropHandshake closes the connection at once.
func (l *loop) dropHandshake(h *handshake) {
	if t := h.tls; t != nil && t.over && !h.refused {
		lastNotice(h.fd, t.conn)
	}
	l.poll.Close(h.handle)
	l.forget(h)
}

// forget ends a handshake whose descriptor is closed.
func (l *loop) forget(h *handshake) {
	h.closed = true
	l.abortTLS(h)
	l.unlist(h)
	if h.counted {
		l.departed(h.address)
	}
	l.server.connections.Add(-1)
}

// unlist forgets a handshake that has ended, or become a client.
func (l *loop) unlist(h *handshake) {
	if h.refused {
		l.leaving.remove(&h.requested)
	} else {
		l.arrivals.remove(h)
	}
	l.countNoMore(h)
	last := l.handshakes[len(l.handshakes)-1]
	l.handshakes[h.index] = last
	last.index = h.index
	l.handshakes[len(l.handshakes)-1] = nil
	l.handshakes = l.handshakes[:len(l.handshakes)-1]
}

// negotiate reads the upgrade request and answers it.
func (l *loop) negotiate(h *handshake, in []byte) {
	if h.refused {
		return
	}
	if h.pending != nil {
		l.keepEarly(h, in)
		return
	}
	if h.head != nil {
		h.head = append(h.head, in...)
		in = h.head
	}
	var request codec.UpgradeRequest
	n, err := request.Parse(in, int(l.server.options.MaxRequestHead))
	if err != nil {
		l.refuse(h, unreadable(err), err)
		return
	}
	if n == 0 {
		if h.head == nil {
			h.head = append([]byte(nil), in...)
		}
		return
	}
	l.arrivals.remove(h)
	if why, err := l.admit(h, &request); err != nil {
		l.refuse(h, why, err)
		return
	}
	if err := h.agree(&request); err != nil {
		l.refuse(h, refusedBadRequest, err)
		return
	}
	l.authenticate(h, &request, in[n:])
}

var errNotFound = &codec.HandshakeError{Status: 404, Code: "NOT_FOUND", Text: "Not found"}

// tryLater is the answer to those who should come back, or go elsewhere.
func tryLater(code, text string) *codec.HandshakeError {
	return &codec.HandshakeError{Status: 503, Code: code, Text: text, Header: "Retry-After: 1\r\n"}
}

var (
	errDraining = tryLater("DRAINING", "Server is draining")
	errCrowded  = tryLater("TOO_MANY_CONNECTIONS", "Too many connections")
)

// admit decides whether the request may become a client, if its token is good.
func (l *loop) admit(h *handshake, request *codec.UpgradeRequest) (refusal, error) {
	s := l.server
	h.echo = string(request.Path) == s.options.EchoPath
	if !h.echo && string(request.Path) != s.options.Path {
		return refusedNotFound, errNotFound
	}
	if s.State() >= StateDraining {
		return refusedDraining, errDraining
	}
	if s.served.Load() >= int64(s.descriptors.cap) || h.crowded && l.scarce(h) {
		return refusedConnections, errCrowded
	}
	if err := request.Check(); err != nil {
		return refusedNotUpgrade, err
	}
	return l.admitPeer(h, request)
}

// authenticate upgrades the connection of a request whose token is good, or
// that has none and needs none.
func (l *loop) authenticate(h *handshake, request *codec.UpgradeRequest, rest []byte) {
	s := l.server
	token, present := request.Token()
	verifier := l.life.verifier.Load()
	switch {
	case !present && s.options.RequireAuth:
		l.refuse(h, refusedUnauthorized, auth.ErrMissing)
	case !present:
		l.upgrade(h, request.Key, nil, rest)
	case verifier == nil:
		l.refuse(h, refusedUnauthorized, auth.ErrNoKey)
	case verifier.Inline(token):
		identity, err := verifier.Verify(l.life.ctx, token)
		l.verified(h, request.Key, identity, err, rest)
	default:
		l.verifyLater(h, request.Key, token, rest)
	}
}

// verified upgrades or refuses the connection whose token has been checked.
func (l *loop) verified(h *handshake, key []byte, identity auth.Identity, err error, rest []byte) {
	if err != nil {
		l.refuse(h, refusedUnauthorized, err)
		return
	}
	l.upgrade(h, key, userOf(identity), rest)
}

// upgrade makes a client of the connection. Bytes that came behind the request
// are its first frames.
func (l *loop) upgrade(h *handshake, key []byte, user *shard.User, rest []byte) {
	if h.deflate.Window != codec.NoWindow && len(rest) > compressedRead {
		l.refuse(h, refusedBadRequest, errEarly) // it might become a thousand times as much
		return
	}
	c := l.serve(h, user)
	if c == nil {
		l.refuse(h, refusedConnections, errCrowded)
		return
	}
	l.window = h.deflate.Window
	l.shard.SetWindow(c, l.window)
	l.unlist(h)
	l.shard.SetRemote(c, h.address, h.subprotocol)
	l.poll.Become(h.handle, c)
	l.wrap(h, c)
	l.counters.Upgraded++
	l.replies = codec.AppendUpgradeResponse(l.replies[:0], key, l.server.options.subprotocol(h.subprotocol), h.deflate.Answer())
	if c.User() != nil {
		l.payload = appendAuthenticated(l.payload[:0], c)
		l.frame(l.payload)
	}
	l.connected(c)
	l.receive(c, rest)
}

// serve adds the client that a connection becomes, nil where there is no room for it.
func (l *loop) serve(h *handshake, user *shard.User) *shard.Client {
	s := l.server
	if s.served.Add(1) <= int64(s.descriptors.cap) {
		if c := l.addClient(h, user); c != nil {
			return c
		}
	}
	s.served.Add(-1)
	return nil
}

// appendAuthenticated appends the event that greets an authenticated client.
func appendAuthenticated(dst []byte, c *shard.Client) []byte {
	dst = append(dst, `{"type":"auth","action":"authenticated","data":{"userId":`...)
	dst = append(dst, c.User().IDJSON...)
	dst = append(dst, `,"message":"Authentication successful","clientId":"`...)
	dst = c.ID().AppendHex(dst)
	return append(dst, `"}}`...)
}

// refuse answers the request with an error. The peer is given time to read it:
// closing at once could reset the connection and lose the answer.
func (l *loop) refuse(h *handshake, why refusal, err error) {
	l.counters.Refused[why]++
	h.head, h.pending = nil, nil
	l.leave(h)
	if answer := l.lastWords(h, handshakeError(err).AppendResponse(nil)); len(answer) > 0 {
		_, _ = poll.Write(h.fd, answer) // a peer that has gone is noticed when it is read from
	}
	_ = unix.Shutdown(h.fd, unix.SHUT_WR)
}

// leave gives a refused peer time to end the connection, and no more to the one that
// has had the longest if there are too many.
func (l *loop) leave(h *handshake) {
	l.arrivals.remove(h)
	h.refused, h.since = true, l.server.now()
	l.leaving.add(h, &h.requested)
	if l.leaving.size > l.maxHandshakes() {
		l.dropHandshake(l.leaving.oldest.of)
	}
}

// handshakeError is the HTTP answer that an error calls for.
func handshakeError(err error) *codec.HandshakeError {
	var token *auth.Error
	if errors.As(err, &token) {
		if token.Status == http.StatusServiceUnavailable {
			return tryLater(token.Code, token.Text)
		}
		return &codec.HandshakeError{Status: token.Status, Code: token.Code, Text: token.Text}
	}
	var handshake *codec.HandshakeError
	if errors.As(err, &handshake) {
		return handshake
	}
	return &codec.HandshakeError{Status: 500, Code: "INTERNAL", Text: "Internal error"}
}

// refusedGrace is the time that a refused peer has to end the connection.
const refusedGrace = time.Second

// checkHandshake ends a handshake that takes too long.
func (l *loop) checkHandshake(h *handshake) {
	waited := since(l.shard.Now, h.since)
	switch {
	case h.refused && waited >= refusedGrace:
	case !h.refused && waited >= l.server.options.HandshakeTimeout:
		l.counters.Refused[refusedTimeout]++
	default:
		return
	}
	l.dropHandshake(h)
}
