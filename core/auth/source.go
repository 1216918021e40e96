package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	fetchTimeout = 5 * time.Second // for the whole answer, redirects included
	maxKeySet    = 1 << 20         // bytes of a body, unpacked
	maxHeader    = 64 << 10        // bytes of an answer's header
	maxRedirects = 3
)

// source is the URL of a key set. Whatever the server behind it does, a fetch
// ends in time and takes a bounded amount of memory.
type source struct {
	url    *url.URL
	client *http.Client
}

// newSource returns the source at a URL, or a sentence that says why it cannot
// be one. There may be a password in the URL, so it never stands in errors.
func newSource(address string) (*source, error) {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Hostname() == "":
		return nil, errors.New("jwt-jwks-url is not a URL: it has the form https://issuer.example/jwks.json")
	case !isTrustworthy(parsed):
		return nil, errors.New("jwt-jwks-url must begin with https://, or whoever is on the way could add keys; http:// is possible for localhost only")
	}
	return &source{url: parsed, client: &http.Client{
		Timeout:       fetchTimeout,
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true, // the next fetch is far away
			MaxResponseHeaderBytes: maxHeader,
		},
	}}, nil
}

// isTrustworthy reports whether what comes from a URL is from its host.
func isTrustworthy(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// checkRedirect follows a few redirects, none of which may leave TLS.
func checkRedirect(request *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return errors.New("it redirects too often")
	case !isTrustworthy(request.URL) || via[0].URL.Scheme == "https" && request.URL.Scheme != "https":
		return errors.New("it redirects to a URL without TLS")
	}
	return nil
}

// String returns the URL without what may be secret in it.
func (s *source) String() string {
	return (&url.URL{Scheme: s.url.Scheme, Host: s.url.Host, Path: s.url.Path}).String()
}

// fetch returns what the URL holds.
func (s *source) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers with status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxKeySet:
		return nil, fmt.Errorf("it is larger than %d bytes", maxKeySet)
	}
	return body, nil
}

// withoutURL returns the cause of an HTTP client's error, which has the URL in
// front.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
