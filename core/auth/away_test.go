package auth_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestJWKS_AwayAtTheStart(t *testing.T) {
	t.Parallel()
	address := absent(t)
	v := reading(t, "http://"+address, everySecond, func(o *auth.Options) {
		o.Secret, o.SecretEncoding, o.PublicKey = secret, auth.Raw, publicPEM(p256Key())
	})
	token := issue("RS256", rsaKey(), "k", sub5)
	refusesBy(t, v, token, auth.ErrKeysUnavailable)
	acceptsBy(t, v, issue("HS256", secret, "k", sub5))
	acceptsBy(t, v, issue("ES256", p256Key(), "k", sub5))
	refusesBy(t, v, issue("HS256", "stranger", "k", sub5), auth.ErrInvalid)
	refusesBy(t, v, issue("ES256", strangerP256(), "k", sub5), auth.ErrKeysUnavailable)
	stats := v.Stats()
	require.True(t, stats.Failing)
	require.NotZero(t, stats.Failures)
	require.Zero(t, stats.Refreshes)

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	published := newIssuer(t, jwk("k", rsaKey()))
	server := &http.Server{Handler: published}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	eventually(t, func() bool { return verifies(t, v, token) == nil }, "it comes back by itself")
	require.False(t, v.Stats().Failing)
}

func TestJWKS_AwayLater(t *testing.T) {
	t.Parallel()
	published := newIssuer(t, jwk("k", rsaKey()))
	v := reading(t, published.URL, everySecond)
	known, unknown := issue("RS256", rsaKey(), "k", sub5), issue("EdDSA", edKey(), "new", sub5)
	acceptsBy(t, v, known)
	published.fail(http.StatusInternalServerError)
	eventually(t, func() bool { return v.Stats().Failing }, "the failure is seen")
	acceptsBy(t, v, known)
	refusesBy(t, v, unknown, auth.ErrKeysUnavailable)
	refusesBy(t, v, issue("RS256", strangerRSA(), "k", sub5), auth.ErrInvalid)
	require.Equal(t, 1, v.Stats().Keys)

	published.publish(jwk("new", edKey()))
	eventually(t, func() bool { return verifies(t, v, unknown) == nil }, "it comes back by itself")
	refusesBy(t, v, known, auth.ErrInvalid)
}

// The failure may also show when an unknown key has the keys read.
func TestJWKS_AwayWhenAnUnknownKeyComes(t *testing.T) {
	published := newIssuer(t, jwk("k", rsaKey()))
	v := reading(t, published.URL)
	acceptsBy(t, v, issue("RS256", rsaKey(), "k", sub5))
	published.Close()
	for range 3 {
		refusesBy(t, v, issue("RS256", rsaKey(), "new", sub5), auth.ErrKeysUnavailable)
	}
	require.Equal(t, auth.Stats{Refreshes: 1, Failures: 1, Failing: true, Keys: 1}, v.Stats())
	acceptsBy(t, v, issue("RS256", rsaKey(), "k", sub5))
}

func TestJWKS_CloseDuringARead(t *testing.T) {
	published := newIssuer(t)
	release := make(chan struct{})
	published.do(func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	v := reading(t, published.URL)
	result := make(chan error)
	for range 3 {
		go func() { result <- verifies(t, v, issue("EdDSA", edKey(), "k", sub5)) }()
	}
	eventually(t, func() bool { return published.requests.Load() == 1 }, "the read has begun")
	v.Close()
	v.Close()
	for range 3 {
		require.Equal(t, error(auth.ErrKeysUnavailable), <-result)
	}
	refusesBy(t, v, issue("EdDSA", edKey(), "k", sub5), auth.ErrKeysUnavailable)
	require.Zero(t, v.Stats().Failures)
}

func TestJWKS_KnownKeysAfterClose(t *testing.T) {
	v := reading(t, newIssuer(t, jwk("k", edKey())).URL)
	acceptsBy(t, v, issue("EdDSA", edKey(), "k", sub5))
	v.Close()
	acceptsBy(t, v, issue("EdDSA", edKey(), "k", sub5))
	refusesBy(t, v, issue("EdDSA", edKey(), "new", sub5), auth.ErrKeysUnavailable)
}

func TestJWKS_CallerThatGivesUp(t *testing.T) {
	published := newIssuer(t)
	release := make(chan struct{})
	published.do(func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	v := reading(t, published.URL)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		_, err := v.Verify(ctx, issue("EdDSA", edKey(), "k", sub5))
		result <- err
	}()
	eventually(t, func() bool { return published.requests.Load() == 1 }, "the read has begun")
	cancel()
	require.Equal(t, error(auth.ErrKeysUnavailable), <-result)
	require.Zero(t, v.Stats().Failures, "the read goes on")
}

// What may be secret never stands in the log; going and coming stand in it once.
func TestJWKS_Log(t *testing.T) {
	t.Parallel()
	var written lockedBuffer
	published := newIssuer(t)
	published.fail(http.StatusTeapot)
	url := strings.Replace(published.URL, "//", "//user:hunter2@", 1) + "/keys?token=hunter2#hunter2"
	v := reading(t, url, everySecond, func(o *auth.Options) { o.Log = slog.New(slog.NewJSONHandler(&written, nil)) })
	eventually(t, func() bool { return v.Stats().Failures == 2 }, "it fails twice")
	published.publish(jwk("k", edKey()))
	eventually(t, func() bool { return v.Stats().Refreshes == 2 }, "it succeeds twice")
	token := issue("EdDSA", edKey(), "k", sub5)
	acceptsBy(t, v, token)
	published.Close()
	eventually(t, func() bool { return v.Stats().Failures == 3 }, "it fails again")
	v.Close()

	lines := strings.Split(strings.TrimSpace(written.String()), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], "it answers with status 418")
	require.Contains(t, lines[1], `"msg":"the keys of tokens have been read"`)
	require.Contains(t, lines[2], "connection refused")
	for _, line := range lines {
		require.Contains(t, line, `"url":"`+published.URL+`/keys"`)
		require.NotContains(t, line, "hunter2")
		require.NotContains(t, line, token)
	}
}

func TestJWKS_LogOfAnEmptySet(t *testing.T) {
	var written lockedBuffer
	v := reading(t, newIssuer(t).URL, func(o *auth.Options) { o.Log = slog.New(slog.NewJSONHandler(&written, nil)) })
	eventually(t, func() bool { return v.Stats().Refreshes == 1 }, "it is read")
	v.Close()
	require.Contains(t, written.String(), `"keys":0`)
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
