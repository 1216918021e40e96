package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/auth"
)

// weaknesses returns a sentence for each setting that can be and that lets others do
// more than they should. The secrets have been read from their files.
func (s *serveCommand) weaknesses() (warnings []string) {
	warnings = append(s.anybodysProxies(), s.shortKey(), s.shortSecret(), s.anybodysHeader())
	return slices.DeleteFunc(warnings, func(warning string) bool { return warning == "" })
}

// minAPIKey is the length of a key in a file of keys, in bytes: shorter ones can be
// guessed. The one that has all scopes may be shorter, with a warning.
const minAPIKey = 16

// shortKey returns a sentence where the key that has all scopes can be guessed.
func (s *serveCommand) shortKey() (warning string) {
	if key := s.Admin.APIKey; key != "" && len(key) < minAPIKey {
		return fmt.Sprintf("the API key is shorter than %d bytes and can be guessed", minAPIKey)
	}
	return ""
}

// shortSecret returns a sentence where the secret of tokens is shorter than any of its
// algorithms allows.
func (s *serveCommand) shortSecret() (warning string) {
	if s.Server.JWTSecret == "" {
		return ""
	}
	n, err := auth.SecretSize(s.Server.JWTSecret, s.Server.JWTSecretEncoding)
	if err != nil || n >= auth.LeastSecret { // what cannot be read is refused
		return ""
	}
	return fmt.Sprintf("the secret of tokens (jwt-secret) has %d bytes: HS256 needs %d, or it can be found out from a token (RFC 7518, section 3.2)", n, auth.LeastSecret)
}

// anybodysHeader returns a sentence where everybody's PROXY header is believed, and
// others than this machine can connect.
func (s *serveCommand) anybodysHeader() (warning string) {
	o := &s.Server
	asked := o.ProxyProtocol == core.ProxyAccept || o.ProxyProtocol == core.ProxyRequire
	if !asked || len(o.TrustedProxies) > 0 || isLoopback(o.Addr) && (o.TLSAddr == "" || isLoopback(o.TLSAddr)) {
		return ""
	}
	return fmt.Sprintf("proxy-protocol is %s without trusted-proxies: who can connect can name any address, and so pass by what is limited for each; name the balancers in trusted-proxies", o.ProxyProtocol)
}

// isLoopback reports whether only this machine can connect to where a listener is.
func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// isEverybody reports whether a network has all addresses of IPv4 or IPv6.
func isEverybody(text string) bool {
	const mapped = 96 // bits in front of an IPv4 address that IPv6 holds
	network, err := netip.ParsePrefix(text)
	return err == nil && (network.Bits() == 0 || network.Addr().Is4In6() && network.Bits() == mapped)
}

// anybodysProxies returns a sentence for each network of proxies that is everybody.
func (s *serveCommand) anybodysProxies() (warnings []string) {
	for _, text := range s.Server.TrustedProxies {
		if isEverybody(text) {
			warnings = append(warnings, fmt.Sprintf("trusted-proxies has %s, which is everybody: who can connect can name any address, and so pass by what is limited for each", text))
		}
	}
	return warnings
}
