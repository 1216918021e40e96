package core

import "github.com/gannet-ws/gannet/codec"

// ProxyProtocol says whether connections begin with a PROXY header.
type ProxyProtocol string

// The choices.
const (
	ProxyOff     ProxyProtocol = "off"
	ProxyAccept  ProxyProtocol = "accept"
	ProxyRequire ProxyProtocol = "require"
)

// takeProxyHeader returns what has come behind a connection's PROXY header, which
// stands in front of all else, a TLS handshake too: nothing while it is incomplete,
// or when the connection has been refused.
func (l *loop) takeProxyHeader(h *handshake, in []byte) (rest []byte) {
	if h.head != nil {
		h.head = append(h.head, in...)
		in = h.head
	}
	from, n, err := codec.ParseProxyHeader(in)
	switch {
	case err == codec.ErrNoProxyHeader && l.server.options.ProxyProtocol == ProxyAccept: // the request begins at once
	case err != nil:
		l.refuse(h, refusedProxyHeader, err)
		return nil
	case n == 0:
		if h.head == nil {
			h.head = append([]byte(nil), in...)
		}
		return nil
	}
	h.proxied, h.head = false, nil
	trusted := &l.server.admission.proxies
	if client, ok := plainAddress(from.Addr()); ok && (trusted.none() || trusted.has(h.address)) {
		h.address = client
		l.arrivals.rename(h, keyOf(client))
	}
	return in[n:]
}
