package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// all returns the algorithms in one list.
func all() []string { return slices.Concat(ofSecrets, ofRSA, ofCurves) }

// sources are the ways to give a verifier the keys of the tests.
func sources(t *testing.T) map[string]func(algorithm string) auth.Options {
	return map[string]func(string) auth.Options{
		"key alone": func(algorithm string) auth.Options {
			if slices.Contains(ofSecrets, algorithm) {
				return auth.Options{Secret: secret, SecretEncoding: auth.Raw}
			}
			return auth.Options{PublicKey: publicPEM(keyFor(algorithm))}
		},
		"among all others": func(string) auth.Options {
			return auth.Options{
				Secret: secret, SecretEncoding: auth.Raw,
				PublicKey: publicPEM(rsaKey(), p256Key(), p384Key(), p521Key(), edKey()),
			}
		},
		"key set": func(string) auth.Options {
			published := newIssuer(t, jwk("r", rsaKey()), jwk("e", edKey()), jwk("2", p256Key()), jwk("3", p384Key()), jwk("5", p521Key()))
			return auth.Options{Secret: secret, SecretEncoding: auth.Raw, JWKSURL: published.URL}
		},
	}
}

func TestVerify_EachAlgorithm(t *testing.T) {
	for source, options := range sources(t) {
		for _, algorithm := range all() {
			t.Run(source+"/"+algorithm, func(t *testing.T) {
				v := newVerifier(t, options(algorithm))
				good := issue(algorithm, keyFor(algorithm), "", sub5)
				require.Equal(t, "5", acceptsBy(t, v, good).Subject)

				refusesBy(t, v, issue(algorithm, strangerFor(algorithm), "", sub5), auth.ErrInvalid)
				dot := strings.LastIndexByte(good, '.')
				refusesBy(t, v, good[:dot+1], auth.ErrInvalid)
				refusesBy(t, v, good[:len(good)-4], auth.ErrInvalid)
				refusesBy(t, v, good+"AAAA", auth.ErrInvalid)
				refusesBy(t, v, good[:dot+1]+strings.Repeat("A", len(good)-dot-1), auth.ErrInvalid)
				other := issue(algorithm, keyFor(algorithm), "", `{"sub":6}`)
				refusesBy(t, v, other[:strings.LastIndexByte(other, '.')]+good[dot:], auth.ErrInvalid)
			})
		}
	}
}

// A signature of one algorithm under the name of another, with every key at
// hand, is refused.
func TestVerify_NoAlgorithmPassesForAnother(t *testing.T) {
	v := newVerifier(t, sources(t)["among all others"](""))
	for _, named := range append(all(), "none", "None", "NONE", "hs256", "rs256", "ES256K", "Ed25519", "HS1", "") {
		for _, used := range all() {
			if named != used {
				refusesBy(t, v, issueWith(`{"alg":"`+named+`"}`, used, keyFor(used), sub5), auth.ErrInvalid)
			}
		}
		unsigned := encode(`{"alg":"`+named+`"}`) + "." + encode(sub5) + "."
		refusesBy(t, v, unsigned, auth.ErrInvalid)
	}
}

// With a key of one type only that type's algorithms are accepted.
func TestVerify_OneKeyManyAlgorithms(t *testing.T) {
	for name, algorithms := range map[string][]string{
		"HS256": ofSecrets, "RS256": ofRSA, "ES256": {"ES256"}, "ES384": {"ES384"}, "ES512": {"ES512"}, "EdDSA": {"EdDSA"},
	} {
		v := newVerifier(t, sources(t)["key alone"](name))
		for _, algorithm := range all() {
			token := issue(algorithm, keyFor(algorithm), "", sub5)
			if slices.Contains(algorithms, algorithm) {
				acceptsBy(t, v, token)
			} else {
				refusesBy(t, v, token, auth.ErrInvalid)
			}
		}
	}
}

func TestVerify_Headers(t *testing.T) {
	v := newVerifier(t, sources(t)["among all others"](""))
	for _, header := range []string{`{"alg":"HS256"}`, `{"kid":"1","alg":"HS256"}`, `{"kid":1,"alg":"HS256"}`, `{"alg":"none","alg":"HS256"}`} {
		acceptsBy(t, v, sign(header, sub5))
	}
	for _, header := range []string{
		`{"alg":null}`, `{"alg":["HS256"]}`, `{"Alg":"HS256"}`, `{"alg":"RS256","Alg":"HS256"}`, `{"alg":"HS256","alg":"none"}`,
		`{"typ":"JWT"}`, `{}`, `null`, `"HS256"`, `{"alg":"HS256"`, ``,
		`{"alg":"HS256","crit":["b64"],"b64":true}`, `{"alg":"HS256","crit":[]}`, `{"alg":"HS256","crit":null}`,
	} {
		refusesBy(t, v, sign(header, sub5), auth.ErrInvalid)
	}
	for _, algorithm := range all() {
		header := `{"alg":"` + algorithm + `","crit":["exp"],"exp":1}`
		refusesBy(t, v, issueWith(header, algorithm, keyFor(algorithm), sub5), auth.ErrInvalid)
	}
}

// Several keys of one type are all right; a kid does not choose among those of a
// file.
func TestVerify_SeveralKeysInAFile(t *testing.T) {
	v := newVerifier(t, auth.Options{PublicKey: publicPEM(rsaKey(), strangerRSA(), p256Key(), strangerP256())})
	for _, kid := range []string{"", "1", "2"} {
		acceptsBy(t, v, issue("RS256", rsaKey(), kid, sub5))
		acceptsBy(t, v, issue("PS512", strangerRSA(), kid, sub5))
		acceptsBy(t, v, issue("ES256", p256Key(), kid, sub5))
		acceptsBy(t, v, issue("ES256", strangerP256(), kid, sub5))
	}
}
