package core

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

func TestProxies_Client(t *testing.T) {
	trusted := []string{"10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"}
	tests := []struct {
		name, peer, forwarded, realIP string // "-": no such line
		want                          string // empty: no address
	}{
		{"nobody says anything", "10.1.1.1", "-", "-", "10.1.1.1"},
		{"peer is no proxy", "198.51.100.1", "203.0.113.9", "203.0.113.8", "198.51.100.1"},
		{"neighbour of a proxy", "192.0.2.8", "203.0.113.9", "203.0.113.8", "192.0.2.8"},
		{"Unix socket is no proxy", "", "203.0.113.9", "203.0.113.8", ""},

		{"one", "10.1.1.1", "203.0.113.9", "-", "203.0.113.9"},
		{"by a single address", "192.0.2.7", "203.0.113.9", "-", "203.0.113.9"},
		{"by IPv6", "2001:db8:1:2::3", "203.0.113.9", "-", "203.0.113.9"},
		{"other IPv6", "2001:db8:2::3", "203.0.113.9", "-", "2001:db8:2::3"},
		{"made up in front", "10.1.1.1", "1.2.3.4, 203.0.113.9", "-", "203.0.113.9"},
		{"a proxy made up in front", "10.1.1.1", "10.9.9.9, 203.0.113.9", "-", "203.0.113.9"},
		{"through two", "10.1.1.1", "1.2.3.4, 203.0.113.9, 10.2.2.2", "-", "203.0.113.9"},
		{"through three", "10.1.1.1", "203.0.113.9,192.0.2.7 ,\t10.2.2.2", "-", "203.0.113.9"},
		{"proxies alone", "10.1.1.1", "10.3.3.3, 10.2.2.2", "-", "10.3.3.3"},
		{"client is IPv6", "10.1.1.1", "2001:db8::1", "-", "2001:db8::1"},
		{"mapped", "10.1.1.1", "::ffff:203.0.113.9", "-", "203.0.113.9"},
		{"mapped proxy", "10.1.1.1", "203.0.113.9, ::ffff:10.2.2.2", "-", "203.0.113.9"},
		{"zone", "10.1.1.1", "fe80::1%eth0", "-", "fe80::1"},
		{"port", "10.1.1.1", "203.0.113.9:5000", "-", "203.0.113.9"},
		{"port and brackets", "10.1.1.1", "[2001:db8::1]:5000", "-", "2001:db8::1"},
		{"brackets", "10.1.1.1", "[2001:db8::1]", "-", "2001:db8::1"},

		{"nonsense", "10.1.1.1", "unknown", "-", "10.1.1.1"},
		{"nonsense at the left", "10.1.1.1", "unknown, 203.0.113.9", "-", "203.0.113.9"},
		{"nonsense at the right", "10.1.1.1", "203.0.113.9, unknown", "-", "10.1.1.1"},
		{"nonsense behind a proxy", "10.1.1.1", "203.0.113.9, x, 10.2.2.2", "-", "10.2.2.2"},
		{"empty list", "10.1.1.1", "", "-", "10.1.1.1"},
		{"empty entry", "10.1.1.1", "203.0.113.9,", "-", "10.1.1.1"},
		{"empty entry in front", "10.1.1.1", ",203.0.113.9", "-", "203.0.113.9"},
		{"commas", "10.1.1.1", ",,,", "-", "10.1.1.1"},
		{"unspecified", "10.1.1.1", "0.0.0.0", "-", "10.1.1.1"},
		{"unspecified IPv6", "10.1.1.1", "::", "-", "10.1.1.1"},
		{"leading zero", "10.1.1.1", "203.0.113.09", "-", "10.1.1.1"},
		{"number", "10.1.1.1", "3405803785", "-", "10.1.1.1"},
		{"Forwarded's form", "10.1.1.1", "for=203.0.113.9", "-", "10.1.1.1"},
		{"half a bracket", "10.1.1.1", "[2001:db8::1", "-", "10.1.1.1"},

		{"real IP", "10.1.1.1", "-", "203.0.113.8", "203.0.113.8"},
		{"list beats real IP", "10.1.1.1", "203.0.113.9", "203.0.113.8", "203.0.113.9"},
		{"bad list beats real IP", "10.1.1.1", "unknown", "203.0.113.8", "10.1.1.1"},
		{"bad real IP", "10.1.1.1", "-", "203.0.113", "10.1.1.1"},
		{"two real IPs", "10.1.1.1", "-", "203.0.113.8, 203.0.113.9", "10.1.1.1"},
		{"empty real IP", "10.1.1.1", "-", "", "10.1.1.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := readProxies(trusted)
			require.NoError(t, err)
			client := p.client(address(tt.peer), forwardedRequest(tt.forwarded, tt.realIP))
			require.Equal(t, address(tt.want), client)
			require.False(t, client.Is4In6())
		})
	}
}

// address is one in text, none for an empty one.
func address(text string) (a netip.Addr) {
	if text != "" {
		a = netip.MustParseAddr(text)
	}
	return a
}

func forwardedRequest(forwarded, realIP string) *codec.UpgradeRequest {
	var q codec.UpgradeRequest
	if forwarded != "-" {
		q.ForwardedFor = []byte(forwarded)
	}
	if realIP != "-" {
		q.RealIP = []byte(realIP)
	}
	return &q
}

func TestProxies_UnixSocket(t *testing.T) {
	p, err := readProxies([]string{"unix"})
	require.NoError(t, err)
	require.Equal(t, address("203.0.113.9"), p.client(netip.Addr{}, forwardedRequest("203.0.113.9", "-")))
	require.Equal(t, address("203.0.113.8"), p.client(netip.Addr{}, forwardedRequest("-", "203.0.113.8")))
	require.Equal(t, netip.Addr{}, p.client(netip.Addr{}, forwardedRequest("unknown", "-")))
	require.Equal(t, address("10.1.1.1"), p.client(address("10.1.1.1"), forwardedRequest("203.0.113.9", "-")))
}

func TestReadProxies(t *testing.T) {
	for text, has := range map[string]string{
		"10.1.2.3/8":             "10.255.255.255",
		"10.1.2.3":               "10.1.2.3",
		"0.0.0.0/0":              "203.0.113.9",
		"2001:db8::1":            "2001:db8::1",
		"::/0":                   "2001:db8::1",
		"::ffff:10.1.2.3":        "10.1.2.3",
		"::ffff:10.0.0.0/104":    "10.255.255.255",
		"::ffff:0.0.0.0/96":      "203.0.113.9",
		"2001:db8:1:2::/64":      "2001:db8:1:2:ffff::1",
		"2001:db8:1:2:3:4:5:6/0": "::1",
	} {
		p, err := readProxies([]string{text})
		require.NoError(t, err, text)
		assert.True(t, p.has(address(has)), text)
		assert.False(t, p.has(netip.Addr{}), text)
		assert.Equal(t, strings.HasPrefix(text, "::/") || strings.HasSuffix(text, ":6/0"), p.has(address("2001:db8:ffff::")), text)
		assert.False(t, p.none())
	}
	for _, text := range []string{"", "10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.1:80", "fe80::1%eth0", "unix:", "*", "::ffff:0.0.0.0/95", "10.0.0.0 /8"} {
		_, err := readProxies([]string{"10.0.0.0/8", text})
		require.ErrorContains(t, err, "trusted-proxies", text)
	}
	p, err := readProxies(nil)
	require.NoError(t, err)
	require.True(t, p.none())
	require.False(t, p.has(address("127.0.0.1")))
	require.False(t, p.has(netip.Addr{}))
}
