package core

import (
	"github.com/gannet-ws/gannet/core/secure"
	"github.com/gannet-ws/gannet/shard"
)

// TLS handshakes that are under way. Each has a goroutine, which a peer that does not
// go on keeps, so that their number is bounded: each loop has its share.

// shake begins the TLS handshake, if there is room for one more.
func (l *loop) shake(h *handshake) {
	if !l.makeRoomToShake() {
		l.counters.Refused[refusedTLSBusy]++
		l.dropHandshake(h)
		return
	}
	h.tls.conn = secure.NewConn(l.server.tls, func() {
		l.post(shard.Op{Call: func(*shard.Shard) { l.shaken(h) }})
	})
	l.shaking.add(h, &h.tls.shaking)
	l.life.shaking.Begin(h.tls.conn, h.head)
	h.head = nil
}

// makeRoomToShake reports whether there is room for one more TLS handshake. Where
// there are as many as there may be, the oldest of those whose peers do not go on
// gives way, of the address of which most is awaited. Those that wait for a CPU never
// do: who waits longest for one is the next to be served.
func (l *loop) makeRoomToShake() bool {
	o := &l.server.options
	if l.shaking.size < max(o.MaxTLSHandshakes/o.Loops, 1) {
		return true
	}
	halted := l.mostHalted()
	if halted == nil {
		return false
	}
	l.counters.Refused[refusedTLSHalted]++
	l.dropHandshake(halted)
	return true
}

// mostHalted is the oldest of the TLS handshakes whose peers do not go on, of the
// address that has the most arrivals. Nil: there is none.
func (l *loop) mostHalted() (halted *handshake) {
	most := 0
	for p := l.shaking.oldest; p != nil; p = p.newer {
		if crowd := l.arrivals.crowd(p.of); crowd > most && p.of.tls.conn.Halted() {
			halted, most = p.of, crowd
		}
		if most > l.arrivals.all.size/2 {
			break // no other has as many
		}
	}
	return halted
}

// shaken writes what the TLS handshake has said, and goes on when it is over.
func (l *loop) shaken(h *handshake) {
	if h.closed || h.tls.over {
		return
	}
	over, err := h.tls.conn.Shaken()
	if over {
		l.shaking.remove(&h.tls.shaking)
	}
	h.tls.out = append(h.tls.out, h.tls.conn.Said()...)
	if !l.flushHandshake(h) || !over {
		return
	}
	h.tls.over = true
	if err != nil {
		l.failHandshake(h)
		return
	}
	l.counters.TLSHandshakes++
	h.tls.conn.Settle(&l.sealed)
	l.negotiateSealed(h)
}
