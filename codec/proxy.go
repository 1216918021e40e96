package codec

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// The PROXY protocol, versions 1 and 2, as HAProxy defines it: a balancer that
// passes bytes on says in front of them from where they come.

// MaxProxyHeader is the longest PROXY header in bytes that is read. One of version
// 1 has at most 107; in version 2 there is room for further records (TLV), which
// are skipped.
const MaxProxyHeader = 4 << 10

// Why the first bytes of a connection are no PROXY header.
var (
	ErrNoProxyHeader  = &HandshakeError{400, "PROXY_HEADER_REQUIRED", "PROXY header is missing", ""}
	ErrBadProxyHeader = &HandshakeError{400, "BAD_PROXY_HEADER", "PROXY header is malformed", ""}
)

const (
	proxyText   = "PROXY "
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n"

	maxProxyLine    = 107 // of version 1, with its CRLF
	proxyBinaryHead = 16  // of version 2: signature, command, family and length
)

// ParseProxyHeader reads the PROXY header at the start of b and returns its size in
// bytes, or 0 and no error while more bytes are needed. from is where the balancer
// was connected from, IPv4 in its own form; it is the zero AddrPort where the header
// does not say: when the balancer itself connects, as for a health check, or through
// a Unix socket. The error is ErrNoProxyHeader for anything that does not begin like
// a header, else ErrBadProxyHeader.
func ParseProxyHeader(b []byte) (from netip.AddrPort, n int, err error) {
	switch {
	case beginsLike(b, proxyBinary):
		return parseProxyBinary(b)
	case beginsLike(b, proxyText):
		return parseProxyLine(b)
	}
	return netip.AddrPort{}, 0, ErrNoProxyHeader
}

// beginsLike reports whether b and text are the same as far as both go.
func beginsLike(b []byte, text string) bool {
	n := min(len(b), len(text))
	return string(b[:n]) == text[:n]
}

// parseProxyBinary reads a header of version 2.
func parseProxyBinary(b []byte) (from netip.AddrPort, n int, err error) {
	if len(b) < proxyBinaryHead {
		return netip.AddrPort{}, 0, nil
	}
	const local, proxied = 0x20, 0x21
	command, family := b[12], b[13]
	n = proxyBinaryHead + int(binary.BigEndian.Uint16(b[14:]))
	if command != local && command != proxied || n > MaxProxyHeader {
		return netip.AddrPort{}, 0, ErrBadProxyHeader
	}
	if len(b) < n {
		return netip.AddrPort{}, 0, nil
	}
	if command == local {
		return netip.AddrPort{}, n, nil
	}
	from, ok := binarySource(family, b[proxyBinaryHead:n])
	if !ok {
		return netip.AddrPort{}, 0, ErrBadProxyHeader
	}
	return from, n, nil
}

// binarySource reads the first address of version 2's address block.
func binarySource(family byte, block []byte) (from netip.AddrPort, ok bool) {
	switch family {
	case 0x00: // unspecified
		return netip.AddrPort{}, true
	case 0x11, 0x12: // IPv4, TCP or UDP: two addresses, two ports
		if len(block) < 12 {
			return netip.AddrPort{}, false
		}
		address := netip.AddrFrom4([4]byte(block))
		return netip.AddrPortFrom(address, binary.BigEndian.Uint16(block[8:])), true
	case 0x21, 0x22: // IPv6
		if len(block) < 36 {
			return netip.AddrPort{}, false
		}
		address := netip.AddrFrom16([16]byte(block)).Unmap()
		return netip.AddrPortFrom(address, binary.BigEndian.Uint16(block[32:])), true
	case 0x31, 0x32: // Unix: two paths
		return netip.AddrPort{}, len(block) >= 2*108
	}
	return netip.AddrPort{}, false
}

// parseProxyLine reads a header of version 1, a line.
func parseProxyLine(b []byte) (from netip.AddrPort, n int, err error) {
	end := bytes.Index(b[:min(len(b), maxProxyLine)], crlf)
	if end < 0 && len(b) < maxProxyLine {
		return netip.AddrPort{}, 0, nil
	}
	if end < 0 {
		return netip.AddrPort{}, 0, ErrBadProxyHeader
	}
	n = end + len(crlf)
	family, ends, _ := strings.Cut(string(b[len(proxyText):end]), " ")
	if family == "UNKNOWN" {
		return netip.AddrPort{}, n, nil
	}
	from, ok := lineSource(ends, family == "TCP4")
	if !ok || family != "TCP4" && family != "TCP6" {
		return netip.AddrPort{}, 0, ErrBadProxyHeader
	}
	return from, n, nil
}

// lineSource reads the two addresses and the two ports of version 1, and returns the
// first of each.
func lineSource(ends string, is4 bool) (from netip.AddrPort, ok bool) {
	parts := strings.Split(ends, " ")
	if len(parts) != 4 {
		return netip.AddrPort{}, false
	}
	from, ok = lineEnd(parts[0], parts[2], is4)
	_, ok2 := lineEnd(parts[1], parts[3], is4)
	return from, ok && ok2
}

func lineEnd(address, port string, is4 bool) (end netip.AddrPort, ok bool) {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Is4() != is4 || addr.Zone() != "" {
		return netip.AddrPort{}, false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || len(port) > 1 && port[0] == '0' {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), true
}
