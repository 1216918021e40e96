package core_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// What the tests with public keys share: issuers of tokens, and one whose keys
// are published late, so that tokens wait.

// issuer signs tokens with a private key.
type issuer struct {
	t      testing.TB
	method jwt.SigningMethod
	key    crypto.Signer
}

func newES256(t testing.TB) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return &issuer{t, jwt.SigningMethodES256, key}
}

func newEdDSA(t testing.TB) *issuer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return &issuer{t, jwt.SigningMethodEdDSA, key}
}

// public is the key with which a server checks the issuer's tokens, as PEM.
func (i *issuer) public() []byte {
	der, err := x509.MarshalPKIXPublicKey(i.key.Public())
	require.NoError(i.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// token makes one with the claims, in JSON.
func (i *issuer) token(claims string) string {
	i.t.Helper()
	var parsed jwt.MapClaims
	require.NoError(i.t, json.Unmarshal([]byte(claims), &parsed))
	token, err := jwt.NewWithClaims(i.method, parsed).SignedString(i.key)
	require.NoError(i.t, err)
	return token
}

// lateKeys is an issuer whose keys are at a URL that does not answer before the
// test says so: until then its tokens wait.
type lateKeys struct {
	*issuer
	url     string
	release func() // has the URL answer
}

func newLateKeys(t testing.TB) *lateKeys {
	late := &lateKeys{issuer: newEdDSA(t)}
	set, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "x": wireEncode(string(late.key.Public().(ed25519.PublicKey))),
	}}})
	require.NoError(t, err)
	released := make(chan struct{})
	late.release = sync.OnceFunc(func() { close(released) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
			_, _ = w.Write(set)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(late.release)
	late.url = server.URL
	return late
}
