package auth_test

import (
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// A key without a name, or a token that names none, is no obstacle; another name
// is.
func TestJWKS_Names(t *testing.T) {
	published := newIssuer(t, jwk("a", rsaKey()), jwk("b", strangerRSA()), jwk("", p256Key()), jwk("a", edKey()))
	v := reading(t, published.URL)
	acceptsBy(t, v, issue("RS256", rsaKey(), "a", sub5))
	acceptsBy(t, v, issue("EdDSA", edKey(), "a", sub5))
	acceptsBy(t, v, issue("RS512", rsaKey(), "", sub5))
	acceptsBy(t, v, issue("PS384", strangerRSA(), "", sub5))
	acceptsBy(t, v, issue("ES256", p256Key(), "", sub5))
	acceptsBy(t, v, issue("ES256", p256Key(), "any", sub5))
	acceptsBy(t, v, issueWith(`{"alg":"RS256","kid":7}`, "RS256", rsaKey(), sub5))
	refusesBy(t, v, issue("RS256", rsaKey(), "b", sub5), auth.ErrInvalid)
	refusesBy(t, v, issue("RS256", rsaKey(), "A", sub5), auth.ErrInvalid)
}

// A key's own alg narrows what it may check.
func TestJWKS_AlgorithmOfTheKey(t *testing.T) {
	published := newIssuer(t, jwk("rs", rsaKey(), "alg", "RS256"), jwk("ps", strangerRSA(), "alg", "PS384"))
	v := reading(t, published.URL)
	for _, algorithm := range ofRSA {
		byRS, byPS := issue(algorithm, rsaKey(), "rs", sub5), issue(algorithm, strangerRSA(), "ps", sub5)
		if algorithm == "RS256" {
			acceptsBy(t, v, byRS)
		} else {
			refusesBy(t, v, byRS, auth.ErrInvalid)
		}
		if algorithm == "PS384" {
			acceptsBy(t, v, byPS)
		} else {
			refusesBy(t, v, byPS, auth.ErrInvalid)
		}
	}
}

// weak is a public key of any type, for jwk.
type weak struct {
	crypto.Signer
	public any
}

func (w weak) Public() crypto.PublicKey { return w.public }

func TestJWKS_KeysThatAreIgnored(t *testing.T) {
	oct := func(kid, k string) string { return fmt.Sprintf(`{"kty":"oct","kid":%q,"k":%q}`, kid, encode(k)) }
	useless := map[string]string{
		"secret":                  oct("k", secret),
		"secret with alg":         `{"kty":"oct","kid":"k","alg":"HS256","use":"sig","k":"` + encode(secret) + `"}`,
		"for encryption":          jwk("k", rsaKey(), "use", "enc"),
		"for something else":      jwk("k", rsaKey(), "use", "x"),
		"for encryption, by alg":  jwk("k", rsaKey(), "alg", "RSA-OAEP"),
		"alg of another type":     jwk("k", rsaKey(), "alg", "ES256"),
		"alg of HMAC":             jwk("k", rsaKey(), "alg", "HS256"),
		"alg none":                jwk("k", rsaKey(), "alg", "none"),
		"to sign, not to check":   jwk("k", rsaKey(), "key_ops", []string{"sign"}),
		"of 1024 bits":            jwk("k", weak{public: rsaOf(1024)}),
		"of 8193 bits":            jwk("k", weak{public: rsaOf(8193)}),
		"curve with another alg":  jwk("k", p256Key(), "alg", "ES384"),
		"point beside the curve":  jwk("k", p256Key(), "x", encode(strings.Repeat("\x01", 32))),
		"unknown curve":           jwk("k", p256Key(), "crv", "secp256k1"),
		"wrong curve":             jwk("k", p256Key(), "crv", "P-384"),
		"Ed25519 of 31 bytes":     `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + encode(strings.Repeat("x", 31)) + `"}`,
		"X25519":                  `{"kty":"OKP","crv":"X25519","kid":"k","x":"` + encode(strings.Repeat("x", 32)) + `"}`,
		"Ed25519 with alg ES256":  jwk("k", edKey(), "alg", "ES256"),
		"unknown type":            `{"kty":"PQ","kid":"k"}`,
		"no type":                 `{"kid":"k"}`,
		"no modulus":              `{"kty":"RSA","kid":"k","e":"AQAB"}`,
		"no base64":               jwk("k", rsaKey(), "n", "{}"),
		"exponent of 65 bits":     jwk("k", rsaKey(), "e", encode("\x01\x00\x00\x00\x00\x00\x01\x00\x01")),
		"name that is a number":   strings.Replace(jwk("k", rsaKey()), `"k"`, `5`, 1),
		"a number":                `5`,
		"null":                    `null`,
		"a string":                `"key"`,
		"member of another type":  jwk("k", rsaKey(), "n", 5),
		"modulus that is a float": jwk("k", rsaKey(), "n", json.RawMessage("1e400")),
	}
	for name, key := range useless {
		t.Run(name, func(t *testing.T) {
			published := newIssuer(t, key, jwk("good", p384Key()))
			v := reading(t, published.URL)
			acceptsBy(t, v, issue("ES384", p384Key(), "good", sub5))
			require.Equal(t, auth.Stats{Refreshes: 1, Keys: 1, Ignored: 1}, v.Stats())
			for _, algorithm := range all() {
				if algorithm != "ES384" {
					refusesBy(t, v, issue(algorithm, keyFor(algorithm), "k", sub5), auth.ErrInvalid)
				}
			}
		})
	}
}

func TestJWKS_KeysThatAreTaken(t *testing.T) {
	for name, key := range map[string]string{
		"for signatures":     jwk("k", rsaKey(), "use", "sig"),
		"to check":           jwk("k", rsaKey(), "key_ops", []string{"verify", "x"}),
		"for anything":       jwk("k", rsaKey(), "key_ops", []string{}, "use", ""),
		"with a certificate": jwk("k", rsaKey(), "x5c", []string{"broken"}, "x5t", "x", "x5u", "http://localhost:1/"),
		"with more members":  jwk("k", rsaKey(), "issuer", "i", "alg", "RS256"),
		"padded":             jwk("k", rsaKey(), "e", "AQAB=="),
		"with a private one": jwk("k", rsaKey(), "d", "AQAB", "p", "AQAB"),
	} {
		t.Run(name, func(t *testing.T) {
			v := reading(t, newIssuer(t, key).URL)
			acceptsBy(t, v, issue("RS256", rsaKey(), "k", sub5))
			require.Equal(t, auth.Stats{Refreshes: 1, Keys: 1}, v.Stats())
		})
	}
}

// An issuer that publishes its private key has other problems.
func TestJWKS_PrivateKey(t *testing.T) {
	seed := edKey().(ed25519.PrivateKey).Seed()
	v := reading(t, newIssuer(t, jwk("k", edKey(), "d", encode(string(seed)))).URL)
	acceptsBy(t, v, issue("EdDSA", edKey(), "k", sub5))
}

func TestJWKS_TooManyKeys(t *testing.T) {
	var keys []string
	for i := range 120 {
		keys = append(keys, jwk(fmt.Sprint(i), edKey()))
	}
	v := reading(t, newIssuer(t, keys...).URL)
	acceptsBy(t, v, issue("EdDSA", edKey(), "99", sub5))
	refusesBy(t, v, issue("EdDSA", edKey(), "100", sub5), auth.ErrInvalid)
	stats := v.Stats()
	require.Equal(t, []int{100, 20}, []int{stats.Keys, stats.Ignored})
}

func TestJWKS_AnswersThatAreNoKeySet(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "page": "<html>", "cut short": keySet(jwk("k", rsaKey()))[:100], "array": "[]", "null": "null",
		"object": "{}", "no keys": `{"keys":null}`, "keys of another kind": `{"keys":{}}`, "one key": jwk("k", rsaKey()),
		"two sets": keySet() + keySet(),
	} {
		t.Run(name, func(t *testing.T) {
			published := newIssuer(t)
			published.say(body)
			v := reading(t, published.URL)
			refusesBy(t, v, issue("RS256", rsaKey(), "k", sub5), auth.ErrKeysUnavailable)
			require.Equal(t, auth.Stats{Failures: 1, Failing: true}, v.Stats())
		})
	}
}
