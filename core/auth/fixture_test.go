package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

const (
	secret = "a secret of the tests"
	hs256  = `{"alg":"HS256","typ":"JWT"}`
)

// sign makes a token of a header and claims as they are written, without the
// library that checks it.
func sign(header, claims string) string { return signWith(sha256.New, secret, header, claims) }

func signWith(algorithm func() hash.Hash, key, header, claims string) string {
	return seal(algorithm, key, encode(header)+"."+encode(claims))
}

// seal appends the signature to what is signed.
func seal(algorithm func() hash.Hash, key, signed string) string {
	mac := hmac.New(algorithm, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + encode(string(mac.Sum(nil)))
}

func encode(part string) string { return base64.RawURLEncoding.EncodeToString([]byte(part)) }

// algorithms are those of HMAC, by name.
var algorithms = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

func verifier(t testing.TB) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(secret, auth.Raw)
	require.NoError(t, err)
	return v
}

// refuses makes sure that the token is refused for the reason, and nothing of
// it is handed on.
func refuses(t testing.TB, token string, want *auth.Error) {
	t.Helper()
	identity, err := verifier(t).Verify(token)
	require.Equal(t, error(want), err)
	require.Equal(t, auth.Identity{}, identity)
}

// accepts returns whom the token names.
func accepts(t testing.TB, token string) auth.Identity {
	t.Helper()
	identity, err := verifier(t).Verify(token)
	require.NoError(t, err)
	return identity
}
