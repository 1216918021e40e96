package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// patience is how long a test waits for what has to happen.
const patience = 15 * time.Second

// issuer is a server that publishes keys.
type issuer struct {
	*httptest.Server
	answer   atomic.Pointer[http.HandlerFunc]
	requests atomic.Int64
}

// newIssuer starts one that publishes keys until the test ends.
func newIssuer(t testing.TB, keys ...string) *issuer {
	t.Helper()
	i := &issuer{}
	i.publish(keys...)
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

// ServeHTTP counts the request and answers it.
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.requests.Add(1)
	(*i.answer.Load())(w, r)
}

// publish replaces the keys.
func (i *issuer) publish(keys ...string) { i.say(keySet(keys...)) }

// say has it answer with a body.
func (i *issuer) say(body string) {
	i.do(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

// fail has it answer with a status.
func (i *issuer) fail(status int) {
	i.do(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

func (i *issuer) do(answer http.HandlerFunc) { i.answer.Store(&answer) }

func keySet(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// jwk writes a public key, or the public half of a private one, as a JSON Web
// Key. More members stand in pairs.
func jwk(kid string, key crypto.Signer, more ...any) string {
	members := map[string]any{}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		members["kty"], members["n"], members["e"] = "RSA", encode(string(public.N.Bytes())), encode(string(big.NewInt(int64(public.E)).Bytes()))
	case *ecdsa.PublicKey:
		point := must(public.Bytes())[1:]
		members["kty"], members["crv"] = "EC", public.Params().Name
		members["x"], members["y"] = encode(string(point[:len(point)/2])), encode(string(point[len(point)/2:]))
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", encode(string(public))
	}
	if kid != "" {
		members["kid"] = kid
	}
	for ; len(more) > 0; more = more[2:] {
		members[more[0].(string)] = more[1]
	}
	return string(must(json.Marshal(members)))
}

// reading returns a verifier of the keys at a URL alone.
func reading(t testing.TB, url string, change ...func(*auth.Options)) *auth.Verifier {
	t.Helper()
	options := auth.Options{JWKSURL: url}
	for _, c := range change {
		c(&options)
	}
	return newVerifier(t, options)
}

// everySecond has keys read as often as possible, and failures forgotten as fast.
func everySecond(o *auth.Options) { o.JWKSRefresh = time.Second }

// eventually waits for a condition.
func eventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 5*time.Millisecond, what)
}

// verifies reports what Verify says of a token.
func verifies(t testing.TB, v *auth.Verifier, token string) error {
	t.Helper()
	_, err := v.Verify(t.Context(), token)
	return err
}

// absent returns an address on which nobody listens.
func absent(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}
