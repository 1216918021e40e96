package core

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/gannet-ws/gannet/codec"
)

// proxies are the peers whose word is taken for where their clients connect from.
type proxies struct {
	networks []netip.Prefix
	unix     bool // whoever connects through a Unix socket
}

// anyUnix stands for the peers of Unix sockets, which have no address.
const anyUnix = "unix"

// readProxies reads networks, addresses, and the word unix.
func readProxies(texts []string) (p proxies, err error) {
	for _, text := range texts {
		if text == anyUnix {
			p.unix = true
			continue
		}
		network, ok := readNetwork(text)
		if !ok {
			return p, fmt.Errorf("trusted-proxies has %q: it takes networks such as 10.0.0.0/8, addresses, and the word unix", text)
		}
		p.networks = append(p.networks, network)
	}
	return p, nil
}

func readNetwork(text string) (network netip.Prefix, ok bool) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, false
		}
		network = netip.PrefixFrom(address, address.BitLen())
	}
	if address := network.Addr(); address.Is4In6() {
		const mapped = 96 // bits in front of the IPv4 address
		if network.Bits() < mapped {
			return netip.Prefix{}, false
		}
		network = netip.PrefixFrom(address.Unmap(), network.Bits()-mapped)
	}
	return network.Masked(), true
}

// none reports whether nobody has been named.
func (p *proxies) none() bool { return len(p.networks) == 0 && !p.unix }

// has reports whether a peer is one of them. The zero Addr is that of a Unix socket.
func (p *proxies) has(peer netip.Addr) bool {
	if !peer.IsValid() {
		return p.unix
	}
	for _, network := range p.networks {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}

// client returns from where a request comes that a peer has sent. Each proxy adds its
// own peer to X-Forwarded-For at the right, so that what a client has made up stands
// further left: the client is the last one there that is no proxy. Behind an entry that
// cannot be read nobody is believed. X-Real-IP counts where there is no such list.
func (p *proxies) client(peer netip.Addr, request *codec.UpgradeRequest) netip.Addr {
	if request.ForwardedFor == nil && p.has(peer) {
		if client, ok := readForwarded(request.RealIP); ok {
			return client
		}
		return peer
	}
	for rest := request.ForwardedFor; rest != nil && p.has(peer); {
		var entry []byte
		rest, entry = cutLast(rest)
		further, ok := readForwarded(entry)
		if !ok {
			break
		}
		peer = further
	}
	return peer
}

// cutLast splits a list in front of its last entry. rest is nil if that is the first.
func cutLast(list []byte) (rest, entry []byte) {
	at := bytes.LastIndexByte(list, ',')
	if at < 0 {
		return nil, list
	}
	return list[:at], list[at+1:]
}

// readForwarded reads an address as proxies write it: also with a port, or in the
// brackets of IPv6.
func readForwarded(entry []byte) (address netip.Addr, ok bool) {
	text := strings.Trim(string(entry), " \t")
	if with, err := netip.ParseAddrPort(text); err == nil {
		return plainAddress(with.Addr())
	}
	if inner, found := strings.CutPrefix(text, "["); found && strings.HasSuffix(inner, "]") {
		text = inner[:len(inner)-1]
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, false
	}
	return plainAddress(address)
}

// plainAddress is an address in the one form in which it is counted and shown: IPv4
// in its own, IPv6 without a zone. Nobody connects from 0.0.0.0 or "::".
func plainAddress(address netip.Addr) (plain netip.Addr, ok bool) {
	if !address.IsValid() || address.IsUnspecified() {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}
