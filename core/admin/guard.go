package admin

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// guarded lets a request through that carries a key with the scope or, when there are
// no keys, comes from loopback. A page from elsewhere that a browser here shows
// comes from loopback too: its Origin gives it away, or, when it has had its own
// name point here (DNS rebinding), its Host.
func (a *Admin) guarded(scope Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys := *a.keys.Load()
		key := keys.find(r)
		switch {
		case isForeignOrigin(r):
			a.turnAway(w, &apiError{"Requests from pages of other origins are refused", foreignOrigin})
		case len(keys) == 0 && !fromLoopback(r):
			a.turnAway(w, &apiError{"Without an API key only requests from loopback are served", loopbackOnly})
		case len(keys) == 0 && a.isForeignHost(r):
			a.turnAway(w, &apiError{"Without an API key the host must be localhost, an address, or one of admin-hosts", foreignHost})
		case len(keys) == 0:
			letIn(next, w, r)
		case key == nil:
			w.Header().Set("WWW-Authenticate", "Bearer")
			a.turnAway(w, &apiError{"API key required", keyRequired})
		case !key.has(scope):
			a.turnAway(w, &apiError{"API key lacks the scope " + string(scope), scopeMissing})
		default:
			letIn(next, w, r.WithContext(context.WithValue(r.Context(), callerKey{}, key.Name)))
		}
	})
}

// callerKey is under which a request's context has the name of its API key.
type callerKey struct{}

// callerOf returns the name of a request's API key, empty where there are no keys.
func callerOf(r *http.Request) string {
	name, _ := r.Context().Value(callerKey{}).(string)
	return name
}

// local lets a request through that comes from loopback.
func (a *Admin) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fromLoopback(r) || a.isForeignHost(r) || isForeignOrigin(r) {
			a.turnAway(w, &apiError{"Only requests from loopback are served", loopbackOnly})
			return
		}
		letIn(next, w, r)
	})
}

// letIn answers a request whose connection keeps its place until that is done. Where it
// has lost it already nothing is done: nobody would know.
func letIn(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if keepPlace(r) {
		next.ServeHTTP(w, r)
	}
}

// turnAway refuses a request of somebody who may not make it, and ends the connection:
// what is left of the request's body is waited for only for a moment.
func (a *Admin) turnAway(w http.ResponseWriter, bad *apiError) {
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(awayTimeout)) // it has gone if it fails
	a.refuse(w, bad)
}

// shown lets a request for a page's own files through. They are the same in every
// server and hold nothing, so that no key is needed: it is the data that a page asks
// for which are behind it. Without a key pages are for loopback, as data are. A link
// on another site may lead to a page, which no site can put into its own.
func (a *Admin) shown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keyless := len(*a.keys.Load()) == 0
		switch {
		case isForeignOrigin(r) && !navigates(r):
			a.turnAway(w, &apiError{"Requests from pages of other origins are refused", foreignOrigin})
		case keyless && !fromLoopback(r):
			a.turnAway(w, &apiError{"Without an API key only requests from loopback are served", loopbackOnly})
		case keyless && a.isForeignHost(r):
			a.turnAway(w, &apiError{"Without an API key the host must be localhost, an address, or one of admin-hosts", foreignHost})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// navigates reports whether a browser wants to show the answer as a page of its own.
func navigates(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" && r.Header.Get("Origin") == ""
}

// trusts reports whether what an operator should know may be told: to who asks
// from loopback or carries an API key to read with, and to no page from elsewhere.
func (a *Admin) trusts(r *http.Request) bool {
	near := fromLoopback(r) && !a.isForeignHost(r)
	key := a.keys.Load().find(r)
	return (near || key != nil && key.has(ScopeRead)) && !isForeignOrigin(r)
}

func fromLoopback(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// isForeignHost reports whether the request was addressed to a name that is neither
// localhost nor one of AdminHosts. An address cannot be made to point elsewhere.
func (a *Admin) isForeignHost(r *http.Request) bool {
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

// isForeignOrigin reports whether a page of another origin makes the request.
func isForeignOrigin(r *http.Request) bool {
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
