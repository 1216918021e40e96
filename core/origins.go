package core

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// origins are the origins whose pages may connect; the zero value is all of them.
type origins struct {
	some  bool
	these []allowedOrigin
}

// allowedOrigin is an origin, or all origins whose host ends as its own does.
type allowedOrigin struct {
	origin
	wild bool // of host, which begins with a dot, the beginning is left out
}

// origin is what a browser says of a page, RFC 6454.
type origin struct {
	scheme, host string // in lower case; an IPv6 host in brackets
	port         string // empty: the scheme's own
}

// readOrigins reads origins such as https://example.com:8443, those with a star in
// the place of the first labels of the host, and a star alone for all.
func readOrigins(texts []string) (o origins, err error) {
	o.some = len(texts) > 0 && !slices.Contains(texts, "*")
	for _, text := range texts {
		if text == "*" {
			continue
		}
		allowed, ok := readAllowedOrigin(text)
		if !ok {
			return o, fmt.Errorf("allowed-origins has %q: it takes origins such as https://example.com or https://*.example.com:8443, and * for all", text)
		}
		o.these = append(o.these, allowed)
	}
	return o, nil
}

func readAllowedOrigin(text string) (allowed allowedOrigin, ok bool) {
	scheme, domain, wild := strings.Cut(text, "://*.")
	if wild {
		text = scheme + "://" + domain
	}
	o, ok := readOrigin(text)
	if wild {
		ok = ok && isHost(o.host) // and no address in brackets
		o.host = "." + o.host
	}
	return allowedOrigin{o, wild}, ok
}

// allow reports whether pages of the origin that a request names may connect.
func (o *origins) allow(named []byte) bool {
	if !o.some {
		return true
	}
	from, ok := readOrigin(string(named))
	return ok && slices.ContainsFunc(o.these, func(allowed allowedOrigin) bool { return allowed.covers(from) })
}

func (a *allowedOrigin) covers(o origin) bool {
	if !a.wild {
		return a.origin == o
	}
	return a.scheme == o.scheme && a.port == o.port && len(o.host) > len(a.host) && strings.HasSuffix(o.host, a.host)
}

// readOrigin reads an origin as browsers write it, RFC 6454 section 6.2: scheme, host
// and port, and nothing else. "null", which is that of pages that hide theirs, is none.
func readOrigin(text string) (o origin, ok bool) {
	scheme, authority, found := strings.Cut(text, "://")
	if !found || !isScheme(scheme) {
		return origin{}, false
	}
	o.scheme = strings.ToLower(scheme)
	var rest string
	if o.host, rest, ok = cutHost(authority); !ok {
		return origin{}, false
	}
	if rest == "" {
		return o, true
	}
	if o.port, ok = readPort(rest); !ok {
		return origin{}, false
	}
	if o.port == schemePorts[o.scheme] {
		o.port = ""
	}
	return o, true
}

// schemePorts are the ports that origins leave out.
var schemePorts = map[string]string{"http": "80", "https": "443"}

// cutHost splits what stands behind the scheme into host and the colon with the port.
func cutHost(authority string) (host, rest string, ok bool) {
	if !strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ':')
		if end < 0 {
			end = len(authority)
		}
		return strings.ToLower(authority[:end]), authority[end:], isHost(authority[:end])
	}
	inner, rest, found := strings.Cut(authority[1:], "]")
	address, err := netip.ParseAddr(inner)
	if !found || err != nil || !address.Is6() || address.Zone() != "" {
		return "", "", false
	}
	return "[" + address.String() + "]", rest, true
}

// readPort reads a colon and the number of a port.
func readPort(text string) (port string, ok bool) {
	port, ok = strings.CutPrefix(text, ":")
	number, err := strconv.ParseUint(port, 10, 16)
	return port, ok && err == nil && number > 0 && port[0] != '0'
}

func isScheme(text string) bool {
	for i, c := range []byte(text) {
		if !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return text != ""
}

func isHost(text string) bool {
	for _, c := range []byte(text) {
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return text != ""
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
