package core

import (
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/gannet-ws/gannet/codec"
)

// admission is who may connect, and how many at once and from where. All loops share
// it; what changes in it may be used by any goroutine.
type admission struct {
	proxies proxies
	origins origins

	rate      acceptRate
	addresses addressCounts
}

// populate reads the options. The error is a sentence.
func (a *admission) populate(o *Options) (err error) {
	if err = o.validateAdmission(); err != nil {
		return err
	}
	if a.proxies, err = readProxies(o.TrustedProxies); err != nil {
		return err
	}
	a.origins, err = readOrigins(o.AllowedOrigins)
	return err
}

const (
	maxRequestHead  = readBuffer // a longer one would not come in one read, at best
	maxAcceptRate   = 1_000_000  // time is counted in nanoseconds
	maxSubprotocols = 255        // a client's is kept as a number of 8 bits
)

func (o *Options) validateAdmission() error {
	switch {
	case o.MaxHandshakes <= 0:
		return fmt.Errorf("max-handshakes is %d: it must be above zero", o.MaxHandshakes)
	case o.MaxRequestHead <= 0 || o.MaxRequestHead > maxRequestHead:
		return fmt.Errorf("max-request-head is %s: it must be above zero and at most %s", o.MaxRequestHead, Size(maxRequestHead))
	case o.MaxAcceptRate < 0 || o.MaxAcceptRate > maxAcceptRate:
		return fmt.Errorf("max-accept-rate is %d: it must be 0 for none, or at most %d", o.MaxAcceptRate, maxAcceptRate)
	case o.MaxConnectionsPerAddress < 0:
		return fmt.Errorf("max-connections-per-address is %d: it cannot be below zero", o.MaxConnectionsPerAddress)
	case o.ProxyProtocol != ProxyOff && o.ProxyProtocol != ProxyAccept && o.ProxyProtocol != ProxyRequire:
		return fmt.Errorf("proxy-protocol is %q: it is off, accept or require", o.ProxyProtocol)
	case len(o.Subprotocols) > maxSubprotocols:
		return fmt.Errorf("there are %d subprotocols: at most %d can be told apart", len(o.Subprotocols), maxSubprotocols)
	}
	for i, name := range o.Subprotocols {
		if choice, err := codec.ChooseSubprotocol([]byte(name), o.Subprotocols); err != nil || choice != i {
			return fmt.Errorf("subprotocols has %q: each is a name of letters, digits and signs such as . and -, and stands there once", name)
		}
	}
	return nil
}

// arrive begins the wait for a new connection's request, and ends that of another one
// if there are too many.
func (l *loop) arrive(h *handshake) {
	s := l.server
	h.proxied = s.options.ProxyProtocol != ProxyOff
	if most := s.options.MaxAcceptRate; most > 0 {
		h.hurried = !s.admission.rate.take(s.clock(), most)
	}
	l.arrivals.add(h)
	if l.arrivals.all.size > l.maxHandshakes() {
		l.counters.Refused[refusedHandshakes]++
		l.dropHandshake(l.arrivals.next(l.handshakes, anyDescriptor))
	}
}

// maxHandshakes is the loop's share of them.
func (l *loop) maxHandshakes() int {
	o := &l.server.options
	return max(o.MaxHandshakes/o.Loops, 1)
}

var (
	errForeignOrigin = &codec.HandshakeError{Status: http.StatusForbidden, Code: "ORIGIN_NOT_ALLOWED", Text: "Pages of this origin may not connect"}
	errNoOrigin      = &codec.HandshakeError{Status: http.StatusForbidden, Code: "ORIGIN_REQUIRED", Text: "Origin is missing"}
)

// admitPeer decides whether who asks may connect, whatever the token says. It is the
// last that may refuse a request without one, and counts the connection as one of its
// client's address.
func (l *loop) admitPeer(h *handshake, request *codec.UpgradeRequest) (why refusal, err error) {
	a, o := &l.server.admission, &l.server.options
	switch {
	case h.hurried:
		return refusedAcceptRate, tryMuchLater(http.StatusServiceUnavailable, "TOO_MANY_AT_ONCE", "Too many new connections")
	case request.Origin == nil && o.RequireOrigin:
		return refusedOrigin, errNoOrigin
	case request.Origin != nil && !a.origins.allow(request.Origin):
		return refusedOrigin, errForeignOrigin
	}
	choice, err := codec.ChooseSubprotocol(request.Protocols, o.Subprotocols)
	if err != nil {
		return refusedBadRequest, err
	}
	h.subprotocol = uint8(choice + 1)
	h.address = a.proxies.client(h.address, request)
	if !l.countClient(h) {
		return refusedPerAddress, tooManyFromAddress()
	}
	return 0, nil
}

// tryMuchLater is the answer to one of many, who should not come back all at once: in
// 2 to 5 seconds.
func tryMuchLater(status int, code, text string) *codec.HandshakeError {
	header := fmt.Sprintf("Retry-After: %d\r\n", 2+rand.IntN(4))
	return &codec.HandshakeError{Status: status, Code: code, Text: text, Header: header}
}

// subprotocol returns the name of a client's subprotocol by its number.
func (o *Options) subprotocol(number uint8) string {
	if number == 0 {
		return ""
	}
	return o.Subprotocols[number-1]
}
