package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "a secret of the tests"
	hs256  = `{"alg":"HS256","typ":"JWT"}`
	sub5   = `{"sub":5}`
)

// sign makes an HS256 token of a header and claims as they are written, without
// the library that checks it.
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

// The algorithms of JWT, but none.
var (
	ofSecrets = []string{"HS256", "HS384", "HS512"}
	ofRSA     = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	ofCurves  = []string{"ES256", "ES384", "ES512", "EdDSA"}
)

// Keys of each type, and one more of each that no verifier knows.
var (
	rsaKey, strangerRSA   = lazy(newRSA), lazy(newRSA)
	p256Key, strangerP256 = lazy(newEC(elliptic.P256())), lazy(newEC(elliptic.P256()))
	p384Key, strangerP384 = lazy(newEC(elliptic.P384())), lazy(newEC(elliptic.P384()))
	p521Key, strangerP521 = lazy(newEC(elliptic.P521())), lazy(newEC(elliptic.P521()))
	edKey, strangerEd     = lazy(newEd), lazy(newEd)
)

func lazy(make func() crypto.Signer) func() crypto.Signer { return sync.OnceValue(make) }

func newRSA() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func newEC(curve elliptic.Curve) func() crypto.Signer {
	return func() crypto.Signer { return must(ecdsa.GenerateKey(curve, rand.Reader)) }
}

func newEd() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(key, err)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// keyFor returns the key of the tests that makes an algorithm's signatures: a
// string for HMAC, else a private key.
func keyFor(algorithm string) any {
	switch algorithm {
	case "ES256":
		return p256Key()
	case "ES384":
		return p384Key()
	case "ES512":
		return p521Key()
	case "EdDSA":
		return edKey()
	}
	if strings.HasPrefix(algorithm, "HS") {
		return secret
	}
	return rsaKey()
}

// strangerFor returns a key like keyFor's that no verifier knows.
func strangerFor(algorithm string) any {
	switch algorithm {
	case "ES256":
		return strangerP256()
	case "ES384":
		return strangerP384()
	case "ES512":
		return strangerP521()
	case "EdDSA":
		return strangerEd()
	}
	if strings.HasPrefix(algorithm, "HS") {
		return "another secret of the tests"
	}
	return strangerRSA()
}

// issue makes a token of any algorithm, with a kid unless that is empty.
func issue(algorithm string, key any, kid, claims string) string {
	header := fmt.Sprintf(`{"alg":%q,"kid":%q}`, algorithm, kid)
	if kid == "" {
		header = fmt.Sprintf(`{"alg":%q}`, algorithm)
	}
	return issueWith(header, algorithm, key, claims)
}

// issueWith makes a token whose header need not name the algorithm.
func issueWith(header, algorithm string, key any, claims string) string {
	text := encode(header) + "." + encode(claims)
	return text + "." + encode(string(signature(algorithm, key, text)))
}

// signature signs a text without the library that checks it.
func signature(algorithm string, key any, text string) []byte {
	if algorithm == "EdDSA" {
		return ed25519.Sign(key.(ed25519.PrivateKey), []byte(text))
	}
	id := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	if material, ok := key.(string); ok {
		mac := hmac.New(id.New, []byte(material))
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	digest := id.New()
	digest.Write([]byte(text))
	sum := digest.Sum(nil)
	switch private := key.(type) {
	case *rsa.PrivateKey:
		if algorithm[:2] == "PS" {
			return must(rsa.SignPSS(rand.Reader, private, id, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(rand.Reader, private, id, sum))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum)
		size := (private.Params().BitSize + 7) / 8
		return append(must(r, err).FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	panic("no key of " + algorithm)
}

// publicPEM writes public keys as the file for jwt-public-key-file.
func publicPEM(keys ...any) (file []byte) {
	for _, key := range keys {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(key)})...)
	}
	return file
}

// publicDER writes a public key, or the public half of a private one.
func publicDER(key any) []byte {
	if private, ok := key.(crypto.Signer); ok {
		key = private.Public()
	}
	return must(x509.MarshalPKIXPublicKey(key))
}

// newVerifier returns a verifier that is closed at the test's end.
func newVerifier(t testing.TB, options auth.Options) *auth.Verifier {
	t.Helper()
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	v, err := auth.New(options)
	require.NoError(t, err)
	t.Cleanup(v.Close)
	return v
}

// verifier returns one that knows nothing but the secret.
func verifier(t testing.TB) *auth.Verifier {
	t.Helper()
	return newVerifier(t, auth.Options{Secret: secret, SecretEncoding: auth.Raw})
}

// refuses makes sure that the token is refused for the reason, and nothing of
// it is handed on.
func refuses(t testing.TB, token string, want *auth.Error) {
	t.Helper()
	refusesBy(t, verifier(t), token, want)
}

func refusesBy(t testing.TB, v *auth.Verifier, token string, want *auth.Error) {
	t.Helper()
	identity, err := v.Verify(t.Context(), token)
	require.Equal(t, error(want), err)
	require.Equal(t, auth.Identity{}, identity)
}

// accepts returns whom the token names.
func accepts(t testing.TB, token string) auth.Identity {
	t.Helper()
	return acceptsBy(t, verifier(t), token)
}

func acceptsBy(t testing.TB, v *auth.Verifier, token string) auth.Identity {
	t.Helper()
	identity, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	return identity
}
