package codec

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Address blocks of version 2: from 192.0.2.1 or 2001:db8::1, port 12345, to port 443.
const (
	proxyV4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x30\x39\x01\xbb"
	proxyV6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x30\x39\x01\xbb"
	proxyMapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x30\x39\x01\xbb"
	proxyTLV = "\x04\x00\x03abc"
	widest   = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
)

var proxyPaths = strings.Repeat("/run/socket\x00", 18)

// proxyV2 is a header of version 2, whose length is that of its block.
func proxyV2(command, family byte, block string) string {
	return proxyBinary + string([]byte{command, family, byte(len(block) >> 8), byte(len(block))}) + block
}

var proxyTable = []struct {
	name, header string
	from         string // empty: the header does not say
	want         *HandshakeError
}{
	{"v1 TCP4", "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n", "192.0.2.1:12345", nil},
	{"v1 TCP6", "PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n", "[2001:db8::1]:12345", nil},
	{"v1 widest", "PROXY TCP6 " + widest + " " + widest + " 65535 65535\r\n", "[" + widest + "]:65535", nil},
	{"v1 mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1:1", nil},
	{"v1 port 0", "PROXY TCP4 192.0.2.1 198.51.100.2 0 443\r\n", "192.0.2.1:0", nil},
	{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", "", nil},
	{"v1 UNKNOWN with more", "PROXY UNKNOWN ::1 whatever 1 2\r\n", "", nil},
	{"v1 UNKNOWN, longest", "PROXY UNKNOWN " + widest + " " + widest + " 65535 65535\r\n", "", nil},

	{"v1 TCP4 with IPv6", "PROXY TCP4 ::1 ::1 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 TCP4 to IPv6", "PROXY TCP4 192.0.2.1 ::1 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 TCP6 with IPv4", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 other family", "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 lower case", "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 UNKNOWN2", "PROXY UNKNOWN2\r\n", "", ErrBadProxyHeader},
	{"v1 nothing", "PROXY \r\n", "", ErrBadProxyHeader},
	{"v1 zone", "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 brackets", "PROXY TCP6 [::1] ::1 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 name", "PROXY TCP4 localhost 192.0.2.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 leading zero in address", "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 bad destination", "PROXY TCP4 192.0.2.1 192.0.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 port too large", "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", "", ErrBadProxyHeader},
	{"v1 port with sign", "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", "", ErrBadProxyHeader},
	{"v1 port with zero", "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "", ErrBadProxyHeader},
	{"v1 bad second port", "PROXY TCP4 192.0.2.1 192.0.2.2 1 x\r\n", "", ErrBadProxyHeader},
	{"v1 no ports", "PROXY TCP4 192.0.2.1 192.0.2.2\r\n", "", ErrBadProxyHeader},
	{"v1 one more", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", "", ErrBadProxyHeader},
	{"v1 two spaces", "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "", ErrBadProxyHeader},
	{"v1 space at end", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", "", ErrBadProxyHeader},
	{"v1 too long", "PROXY UNKNOWN " + strings.Repeat("x", 92) + "\r\n", "", ErrBadProxyHeader},
	{"v1 without end", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n" + strings.Repeat("x", 107), "", ErrBadProxyHeader},

	{"v2 TCP4", proxyV2(0x21, 0x11, proxyV4), "192.0.2.1:12345", nil},
	{"v2 UDP4", proxyV2(0x21, 0x12, proxyV4), "192.0.2.1:12345", nil},
	{"v2 TCP6", proxyV2(0x21, 0x21, proxyV6), "[2001:db8::1]:12345", nil},
	{"v2 UDP6", proxyV2(0x21, 0x22, proxyV6), "[2001:db8::1]:12345", nil},
	{"v2 mapped", proxyV2(0x21, 0x21, proxyMapped), "192.0.2.1:12345", nil},
	{"v2 Unix", proxyV2(0x21, 0x31, proxyPaths), "", nil},
	{"v2 Unix datagrams", proxyV2(0x21, 0x32, proxyPaths), "", nil},
	{"v2 unspecified", proxyV2(0x21, 0x00, ""), "", nil},
	{"v2 local", proxyV2(0x20, 0x00, ""), "", nil},
	{"v2 local with address", proxyV2(0x20, 0x11, proxyV4), "", nil},
	{"v2 local of any family", proxyV2(0x20, 0xff, "abc"), "", nil},
	{"v2 with records", proxyV2(0x21, 0x11, proxyV4+proxyTLV+proxyTLV), "192.0.2.1:12345", nil},
	{"v2 with bad records", proxyV2(0x21, 0x11, proxyV4+"\x04\xff\xff"), "192.0.2.1:12345", nil},
	{"v2 longest", proxyV2(0x21, 0x11, proxyV4+strings.Repeat("x", MaxProxyHeader-proxyBinaryHead-len(proxyV4))), "192.0.2.1:12345", nil},

	{"v2 too long", proxyV2(0x21, 0x11, proxyV4+strings.Repeat("x", MaxProxyHeader-proxyBinaryHead-len(proxyV4)+1)), "", ErrBadProxyHeader},
	{"v2 local, too long", proxyV2(0x20, 0x00, strings.Repeat("x", MaxProxyHeader)), "", ErrBadProxyHeader},
	{"v2 short TCP4", proxyV2(0x21, 0x11, proxyV4[1:]), "", ErrBadProxyHeader},
	{"v2 short TCP6", proxyV2(0x21, 0x21, proxyV6[1:]), "", ErrBadProxyHeader},
	{"v2 short Unix", proxyV2(0x21, 0x31, proxyPaths[1:]), "", ErrBadProxyHeader},
	{"v2 no block", proxyV2(0x21, 0x11, ""), "", ErrBadProxyHeader},
	{"v2 other family", proxyV2(0x21, 0x41, proxyPaths), "", ErrBadProxyHeader},
	{"v2 other transport", proxyV2(0x21, 0x13, proxyV4), "", ErrBadProxyHeader},
	{"v2 no transport", proxyV2(0x21, 0x10, proxyV4), "", ErrBadProxyHeader},
	{"v2 other command", proxyV2(0x22, 0x11, proxyV4), "", ErrBadProxyHeader},
	{"version 1 in binary", proxyV2(0x11, 0x11, proxyV4), "", ErrBadProxyHeader},
	{"version 3", proxyV2(0x31, 0x11, proxyV4), "", ErrBadProxyHeader},

	{"request", goodHead, "", ErrNoProxyHeader},
	{"method like it", "PROPFIND / HTTP/1.1\r\n\r\n", "", ErrNoProxyHeader},
	{"lower case", "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "", ErrNoProxyHeader},
	{"tab", "PROXY\tTCP4 192.0.2.1 192.0.2.2 1 2\r\n", "", ErrNoProxyHeader},
	{"space before", " PROXY UNKNOWN\r\n", "", ErrNoProxyHeader},
	{"empty lines", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "", ErrNoProxyHeader},
	{"TLS hello", "\x16\x03\x01\x02\x00\x01", "", ErrNoProxyHeader},
}

func TestParseProxyHeader_Table(t *testing.T) {
	for _, tt := range proxyTable {
		t.Run(tt.name, func(t *testing.T) {
			from, n, err := ParseProxyHeader([]byte(tt.header + "more"))
			if tt.want != nil {
				require.Equal(t, tt.want, err)
				require.Zero(t, n)
				require.False(t, from.IsValid())
				return
			}
			require.NoError(t, err)
			require.Equal(t, len(tt.header), n)
			if tt.from == "" {
				require.Equal(t, netip.AddrPort{}, from)
				return
			}
			require.Equal(t, tt.from, from.String())
		})
	}
}

func TestParseProxyHeader_SplitAtEveryByte(t *testing.T) {
	for _, tt := range proxyTable {
		wantFrom, wantN, wantErr := ParseProxyHeader([]byte(tt.header))
		decided := false
		for cut := range len(tt.header) + 1 {
			from, n, err := ParseProxyHeader([]byte(tt.header[:cut]))
			if n == 0 && err == nil {
				require.False(t, decided, "%s undecided again at %d", tt.name, cut)
				continue
			}
			decided = true
			require.Equal(t, wantFrom, from, tt.name)
			require.Equal(t, wantN, n, tt.name)
			require.Equal(t, wantErr, err, tt.name)
		}
		require.True(t, decided, tt.name)
	}
}

// A header that cannot come to an end within its bound is not waited for.
func TestParseProxyHeader_IsBounded(t *testing.T) {
	for _, begin := range []string{proxyText, proxyBinary, proxyV2(0x21, 0x11, "")[:13]} {
		endless := begin + strings.Repeat("\x11", MaxProxyHeader)
		_, _, err := ParseProxyHeader([]byte(endless[:MaxProxyHeader]))
		require.Equal(t, ErrBadProxyHeader, err, "%q", begin)
	}
}

func FuzzProxyHeader(f *testing.F) {
	for _, tt := range proxyTable {
		if len(tt.header) < 500 {
			f.Add([]byte(tt.header), uint(len(tt.header)/2))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint) {
		from, n, err := ParseProxyHeader(b)
		require.LessOrEqual(t, n, min(len(b), MaxProxyHeader))
		if n == 0 && err == nil {
			require.Less(t, len(b), MaxProxyHeader, "undecided")
		}
		if n == 0 || err != nil {
			require.False(t, from.IsValid())
		}
		assert.False(t, from.Addr().Is4In6())
		assert.Empty(t, from.Addr().Zone())
		early, earlyN, earlyErr := ParseProxyHeader(b[:at%uint(len(b)+1)])
		if earlyN != 0 || earlyErr != nil {
			require.Equal(t, from, early)
			require.Equal(t, n, earlyN)
			require.Equal(t, err, earlyErr)
		}
	})
}
