package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// keyed lets a request through that carries the API key or, when there is no
// key, comes from loopback. A page from elsewhere that a browser here shows
// comes from loopback too: its Origin gives it away, or, when it has had its own
// name point here (DNS rebinding), its Host.
func (a *Admin) keyed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case foreignOrigin(r):
			writeError(w, http.StatusForbidden, "Requests from pages of other origins are refused", "FOREIGN_ORIGIN")
		case a.options.APIKey != "" && !a.hasKey(r):
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, http.StatusUnauthorized, "API key required", "API_KEY_REQUIRED")
		case a.options.APIKey == "" && !fromLoopback(r):
			writeError(w, http.StatusForbidden, "Without an API key only requests from loopback are served", "LOOPBACK_ONLY")
		case a.options.APIKey == "" && a.foreignHost(r):
			writeError(w, http.StatusForbidden, "Host is not an address of this machine", "FOREIGN_HOST")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// local lets a request through that comes from loopback, key or not.
func (a *Admin) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fromLoopback(r) || a.foreignHost(r) || foreignOrigin(r) {
			writeError(w, http.StatusForbidden, "Only requests from loopback are served", "LOOPBACK_ONLY")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// trusts reports whether what an operator should know may be told: to who asks
// from loopback or carries the API key, and to no page from elsewhere.
func (a *Admin) trusts(r *http.Request) bool {
	near := fromLoopback(r) && !a.foreignHost(r)
	return (near || a.options.APIKey != "" && a.hasKey(r)) && !foreignOrigin(r)
}

// hasKey compares in constant time, whatever the lengths.
func (a *Admin) hasKey(r *http.Request) bool {
	given := r.Header.Get("X-API-Key")
	if given == "" {
		if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
			given = token
		}
	}
	got, want := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(a.options.APIKey))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func fromLoopback(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// foreignHost reports whether the request was addressed to a name that is neither
// localhost nor one of AdminHosts. An address cannot be made to point elsewhere.
func (a *Admin) foreignHost(r *http.Request) bool {
	host := hostname(r.Host)
	is := func(name string) bool { return strings.EqualFold(name, host) }
	if is("localhost") || slices.ContainsFunc(a.options.AdminHosts, is) {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// foreignOrigin reports whether a page of another origin makes the request.
func foreignOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	from, err := url.Parse(origin)
	return err != nil || from.Host != r.Host
}
