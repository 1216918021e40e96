package core

import (
	"net/http"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

// What one address may have of a server's connections: as many clients as
// MaxConnectionsPerAddress says, and as many again that are not clients yet or have
// been refused. These are counted from the accept on, where the peer cannot be a proxy
// that speaks for others.

// fewHandshakes is what an address may have in handshakes where the bound is lower, so
// that those who come at once are each told that they are too many.
const fewHandshakes = 16

// tooManyFromAddress is the answer to one more of an address that has all it may have.
// It is not 503, for which a balancer may take the server out of service.
func tooManyFromAddress() error {
	return tryMuchLater(http.StatusTooManyRequests, "TOO_MANY_FROM_ADDRESS", "Too many connections from your address")
}

// countArrival counts a new connection as a handshake of its peer's address, unless
// that has as many as it may.
func (l *loop) countArrival(h *handshake) bool {
	o, a := &l.server.options, &l.server.admission
	most := o.MaxConnectionsPerAddress
	if most == 0 || !h.address.IsValid() || o.ProxyProtocol != ProxyOff || a.proxies.has(h.address) {
		return true
	}
	h.arrived = a.addresses.take(h.address, asHandshake, max(most, fewHandshakes))
	return h.arrived
}

// countNoMore takes back what countArrival has counted.
func (l *loop) countNoMore(h *handshake) {
	if h.arrived {
		l.server.admission.addresses.release(h.address, asHandshake)
	}
}

// turnAway closes a new connection of an address that has all it may have. It does not
// wait for the request, nor until the answer has been read, which may be lost. There
// is none before a TLS handshake: the peer would not understand it.
func (l *loop) turnAway(h *handshake, at *listener) {
	l.counters.Refused[refusedPerAddress]++
	if !at.tls {
		_, _ = poll.Write(h.fd, handshakeError(tooManyFromAddress()).AppendResponse(nil))
	}
	_ = unix.Close(h.fd)
}

// countClient counts a connection as a client of its address, unless that has as many
// as it may.
func (l *loop) countClient(h *handshake) bool {
	most := l.server.options.MaxConnectionsPerAddress
	if most == 0 || !h.address.IsValid() {
		return true
	}
	h.counted = l.server.admission.addresses.take(h.address, asClient, most)
	return h.counted
}

// departed gives up the place of a client's connection among those of its address.
func (l *loop) departed(address netip.Addr) {
	if l.server.options.MaxConnectionsPerAddress > 0 && address.IsValid() {
		l.server.admission.addresses.release(address, asClient)
	}
}
