package core

import (
	"bytes"
	"strings"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/shard"
)

// Tokens that are signed with a private key take too long to check on an event
// loop, and their keys may have to be fetched. They are checked on a pool.

// verification is whose token is checked: a connection's, or a client's new one.
type verification struct {
	handshake *handshake
	client    shard.ID
}

// pendingUpgrade is what a connection needs to be upgraded once its token has
// been checked.
type pendingUpgrade struct {
	key   []byte
	early []byte // that came behind the request
}

var (
	errBusyVerifying = tryLater(errBusy.Code, errBusy.Text)
	errEarly         = &codec.HandshakeError{Status: 400, Code: "BAD_REQUEST", Text: "Wait for the answer to the upgrade request"}
)

// verifyLater has the token checked on the pool, and the connection upgraded or
// refused then.
func (l *loop) verifyLater(h *handshake, key []byte, token string, rest []byte) {
	token = strings.Clone(token)
	h.head, h.pending = nil, &pendingUpgrade{key: bytes.Clone(key)}
	var identity auth.Identity
	var err error
	taken := l.life.verifying.submit(verification{handshake: h}, job{
		work: func() { identity, err = l.life.verifier.Load().Verify(l.life.ctx, token) },
		tell: func() { l.post(shard.Op{Call: func(*shard.Shard) { l.finishPending(h, identity, err) }}) },
	})
	if !taken {
		l.counters.Busy++
		l.refuse(h, refusedBusy, errBusyVerifying)
		return
	}
	l.keepEarly(h, rest)
}

// finishPending goes on with a connection whose token has been checked.
func (l *loop) finishPending(h *handshake, identity auth.Identity, err error) {
	pending := h.pending
	if pending == nil || h.closed {
		return
	}
	h.pending = nil
	if l.server.State() >= StateDraining {
		l.refuse(h, refusedDraining, errDraining)
		return
	}
	l.verified(h, pending.key, identity, err, pending.early)
}

// keepEarly keeps what a peer sends before its upgrade has been answered, a
// little of it.
func (l *loop) keepEarly(h *handshake, in []byte) {
	if len(h.pending.early)+len(in) > int(l.server.options.MaxRequestHead) {
		l.refuse(h, refusedBadRequest, errEarly)
		return
	}
	h.pending.early = append(h.pending.early, in...)
}
