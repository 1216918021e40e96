package core_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

const (
	proxyLine  = "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n"
	proxyBytes = "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x27" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x30\x39\x01\xbb" + "\x04\x00\x00"
	proxyLocal = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

// tellAddress is a server that tells a client its address.
func tellAddress(t *testing.T, options core.Options) *core.Server {
	t.Helper()
	return start(t, options, func(s *core.Server) {
		s.Handle("tell", "address", func(c *core.Context) (any, error) { return c.Address(), nil })
	})
}

const askAddress = `{"type":"tell","action":"address"}`

func (p *wirePeer) hasAddress(want string) {
	p.t.Helper()
	require.Equal(p.t, `{"type":"tell","action":"address","response":"`+want+`"}`, p.text())
}

func TestProxyHeader_Modes(t *testing.T) {
	request := wireRequest("/ws")
	forwarded := wireRequest("/ws", "X-Forwarded-For: 203.0.113.9")
	nobody, loopback, both := []string{"10.0.0.0/8"}, []string{"127.0.0.0/8"}, []string{"127.0.0.0/8", "192.0.2.1"}
	tests := []struct {
		name    string
		mode    core.ProxyProtocol
		trusted []string
		sent    string
		want    string
	}{
		{"off", core.ProxyOff, nil, request, "127.0.0.5"},
		{"accept, version 1", core.ProxyAccept, nil, proxyLine + request, "192.0.2.1"},
		{"accept, version 2", core.ProxyAccept, nil, proxyBytes + request, "2001:db8::1"},
		{"accept, none", core.ProxyAccept, nil, request, "127.0.0.5"},
		{"accept, unknown", core.ProxyAccept, nil, "PROXY UNKNOWN\r\n" + request, "127.0.0.5"},
		{"accept, unspecified", core.ProxyAccept, nil, "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n" + request, "127.0.0.5"},
		{"require, version 1", core.ProxyRequire, nil, proxyLine + request, "192.0.2.1"},
		{"require, version 2", core.ProxyRequire, nil, proxyBytes + request, "2001:db8::1"},
		{"require, local", core.ProxyRequire, nil, proxyLocal + request, "127.0.0.5"},
		{"require, trusted", core.ProxyRequire, loopback, proxyLine + request, "192.0.2.1"},
		{"require, not trusted", core.ProxyRequire, nobody, proxyLine + request, "127.0.0.5"},
		{"accept, not trusted", core.ProxyAccept, nobody, proxyBytes + request, "127.0.0.5"},
		{"list of one that is no proxy", core.ProxyRequire, loopback, proxyLine + forwarded, "192.0.2.1"},
		{"list of a proxy behind the balancer", core.ProxyRequire, both, proxyLine + forwarded, "203.0.113.9"},
		{"list without a header", core.ProxyAccept, loopback, forwarded, "203.0.113.9"},
		{"list, nobody trusted", core.ProxyRequire, nil, proxyLine + forwarded, "192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := tellAddress(t, core.Options{ProxyProtocol: tt.mode, TrustedProxies: tt.trusted})
			letIn(t, server, "127.0.0.5", tt.sent+wireFrame(0x81, askAddress)).hasAddress(tt.want)
			require.Zero(t, server.Stats().Refused["proxy_header"])
		})
	}
}

func TestProxyHeader_Refusals(t *testing.T) {
	request := wireRequest("/ws")
	tests := []struct {
		name       string
		mode       core.ProxyProtocol
		sent, code string
	}{
		{"require, none", core.ProxyRequire, request, "PROXY_HEADER_REQUIRED"},
		{"require, TLS", core.ProxyRequire, "\x16\x03\x01\x02\x00\x01", "PROXY_HEADER_REQUIRED"},
		{"require, nonsense", core.ProxyRequire, "PROXY nonsense\r\n" + request, "BAD_PROXY_HEADER"},
		{"accept, nonsense", core.ProxyAccept, "PROXY nonsense\r\n" + request, "BAD_PROXY_HEADER"},
		{"accept, too long", core.ProxyAccept, "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff", "BAD_PROXY_HEADER"},
		{"two", core.ProxyRequire, proxyLine + proxyLine + request, "BAD_REQUEST"},
		{"off, version 1", core.ProxyOff, proxyLine + request, "BAD_REQUEST"},
		{"off, version 2", core.ProxyOff, proxyBytes + request, "BAD_REQUEST"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := start(t, core.Options{ProxyProtocol: tt.mode})
			keptOut(t, server, "127.0.0.5", tt.sent, http.StatusBadRequest, tt.code)
			label := "proxy_header"
			if tt.code == "BAD_REQUEST" {
				label = "bad_request"
			}
			require.EqualValues(t, 1, server.Stats().Refused[label])
		})
	}
}

// What still comes of a refused peer is thrown away.
func TestProxyHeader_IsRefusedOnce(t *testing.T) {
	server := start(t, core.Options{ProxyProtocol: core.ProxyRequire})
	request := wireRequest("/ws")
	p, answer := knock(t, server, "127.0.0.5", request)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	p.write(request)
	eventually(t, func() bool { return server.Stats().BytesIn == uint64(2*len(request)) }, "it has been read")
	require.EqualValues(t, 1, server.Stats().Refused["proxy_header"])
}

func TestProxyHeader_SplitAtEveryByte(t *testing.T) {
	for _, tt := range []struct {
		name, header, want string
		mode               core.ProxyProtocol
	}{
		{"version 1", proxyLine, "192.0.2.1", core.ProxyRequire},
		{"version 2", proxyBytes, "2001:db8::1", core.ProxyRequire},
		{"none", "", "127.0.0.5", core.ProxyAccept},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := tellAddress(t, core.Options{Loops: 1, ProxyProtocol: tt.mode})
			all := tt.header + wireRequest("/ws") + wireFrame(0x81, askAddress)
			read := uint64(0)
			for cut := 1; cut < len(tt.header)+10; cut++ {
				p := connectFrom(t, server, "127.0.0.5")
				p.write(all[:cut])
				eventually(t, func() bool { return server.Stats().BytesIn == read+uint64(cut) }, "the beginning has been read")
				p.write(all[cut:])
				read += uint64(len(all))
				answer, err := http.ReadResponse(p.in, nil)
				require.NoError(t, err)
				require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode, "cut at %d", cut)
				p.hasAddress(tt.want)
			}
		})
	}
}

// A peer that does not end its header has no longer than for its request.
func TestProxyHeader_IsAwaitedNoLongerThanARequest(t *testing.T) {
	server := start(t, core.Options{ProxyProtocol: core.ProxyRequire, HandshakeTimeout: 40 * time.Millisecond})
	p := connectFrom(t, server, "127.0.0.5")
	p.write(proxyBytes[:20])
	_, err := p.in.ReadByte()
	require.Error(t, err)
	require.EqualValues(t, 1, server.Stats().Refused["handshake_timeout"])
}

func TestProxyHeader_CountsByTheClient(t *testing.T) {
	server := start(t, core.Options{ProxyProtocol: core.ProxyRequire, MaxConnectionsPerAddress: 1})
	letIn(t, server, "127.0.0.5", proxyLine+wireRequest("/ws"))
	keptOut(t, server, "127.0.0.6", proxyLine+wireRequest("/ws"), http.StatusTooManyRequests, tooMany)
	letIn(t, server, "127.0.0.5", proxyBytes+wireRequest("/ws"))
	letIn(t, server, "127.0.0.5", proxyLocal+wireRequest("/ws"))
}
