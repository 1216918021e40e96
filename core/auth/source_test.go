package auth

import (
	"compress/gzip"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve returns the source at a server with TLS, or without.
func serve(t *testing.T, withTLS bool, handler http.HandlerFunc) *source {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	if withTLS {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	s, err := newSource(server.URL + "/keys")
	require.NoError(t, err)
	if withTLS {
		trust(s, server.Certificate())
	}
	return s
}

func trust(s *source, certificate *x509.Certificate) {
	transport := s.client.Transport.(*http.Transport)
	authorities := x509.NewCertPool()
	authorities.AddCert(certificate)
	transport.TLSClientConfig.RootCAs = authorities
}

// fails makes sure that a fetch does, and returns why.
func fails(t *testing.T, s *source) string {
	t.Helper()
	body, err := s.fetch(t.Context())
	require.Error(t, err)
	require.Nil(t, body)
	require.NotContains(t, err.Error(), s.url.Host+"/", "the URL is for the log's own field")
	return err.Error()
}

func TestSource_Fetch(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		s := serve(t, withTLS, func(w http.ResponseWriter, r *http.Request) {
			assert.True(t, r.Close, "no connection stays open until the next fetch")
			_, _ = io.WriteString(w, r.Method+r.URL.Path+r.Header.Get("Accept"))
		})
		body, err := s.fetch(t.Context())
		require.NoError(t, err)
		require.Equal(t, "GET/keysapplication/jwk-set+json, application/json", string(body))
	}
}

func TestSource_CertificateOfAStranger(t *testing.T) {
	s := serve(t, true, func(http.ResponseWriter, *http.Request) { t.Error("it was trusted") })
	s.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = x509.NewCertPool()
	require.Contains(t, fails(t, s), "certificate")
}

func TestSource_BodyAtTheLimit(t *testing.T) {
	for _, size := range []int{maxKeySet, maxKeySet + 1} {
		s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat(" ", size)) })
		if size > maxKeySet {
			require.Equal(t, "it is larger than 1048576 bytes", fails(t, s))
			continue
		}
		body, err := s.fetch(t.Context())
		require.NoError(t, err)
		require.Len(t, body, size)
	}
}

// The server writes until the client has gone.
func TestSource_EndlessBody(t *testing.T) {
	var written atomic.Int64
	ended := make(chan struct{})
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		for {
			n, err := w.Write(make([]byte, 64<<10))
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	require.Contains(t, fails(t, s), "it is larger than")
	<-ended
	require.Less(t, written.Load(), int64(64<<20), "what the sockets hold, beside what is read")
}

func TestSource_PackedBody(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		for range 64 {
			_, _ = packed.Write(make([]byte, 1<<20)) // a thousandth of it is sent
		}
		_ = packed.Close()
	})
	require.Contains(t, fails(t, s), "it is larger than")
}

func TestSource_HugeHeader(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 2*maxHeader))
	})
	require.Contains(t, fails(t, s), "headers exceeded")
}

func TestSource_BodyThatEndsEarly(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "{}")
	})
	require.Contains(t, fails(t, s), "unexpected EOF")
}

func TestSource_Statuses(t *testing.T) {
	for _, status := range []int{http.StatusCreated, http.StatusNoContent, http.StatusNotModified, http.StatusForbidden, http.StatusBadGateway} {
		s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		require.Contains(t, fails(t, s), "it answers with status")
	}
}

func TestSource_Redirects(t *testing.T) {
	redirect := func(hops string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys"+hops {
				_, _ = io.WriteString(w, "keys")
				return
			}
			http.Redirect(w, r, r.URL.Path+"+", http.StatusFound)
		}
	}
	for _, withTLS := range []bool{false, true} {
		body, err := serve(t, withTLS, redirect("+++")).fetch(t.Context())
		require.NoError(t, err)
		require.Equal(t, "keys", string(body))
		require.Equal(t, "it redirects too often", fails(t, serve(t, withTLS, redirect("++++"))))
	}
}

// Whoever is on the way could put keys in where a redirect leaves TLS.
func TestSource_RedirectsKeepTLS(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	t.Cleanup(plain.Close)
	to := func(url string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusFound) }
	}
	require.Equal(t, "it redirects to a URL without TLS", fails(t, serve(t, true, to(plain.URL))))
	for _, url := range []string{"http://issuer.example/", "http://192.0.2.1/", "ftp://localhost/", "file:///etc/passwd"} {
		require.Equal(t, "it redirects to a URL without TLS", fails(t, serve(t, false, to(url))))
	}
}
