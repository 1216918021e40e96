package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
)

// target is where a client connects to.
type target struct {
	url    string // as it was given; it may hold a token, so it is never logged
	host   string // without the port
	addr   string // host and port
	secure bool
	token  bool // the query has one
}

// parseTarget reads the URL. Its errors do not repeat it, as it may hold a token.
func parseTarget(raw string) (target, error) {
	if raw == "" {
		return target{}, errors.New("URL is missing: it is ws://HOST:PORT/ws")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, fmt.Errorf("URL cannot be read: %w", errors.Unwrap(err))
	}
	port, known := map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	switch {
	case !known:
		return target{}, fmt.Errorf("URL has the scheme %q: it is ws or wss", u.Scheme)
	case u.Hostname() == "":
		return target{}, errors.New("URL has no host")
	case u.Fragment != "":
		return target{}, errors.New("URL has a fragment, which no WebSocket has")
	case u.User != nil:
		return target{}, errors.New("URL has a user, who would not be sent: set Header or Token")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return target{
		url:    raw,
		host:   u.Hostname(),
		addr:   net.JoinHostPort(u.Hostname(), port),
		secure: u.Scheme == "wss",
		token:  u.Query().Get("token") != "",
	}, nil
}
