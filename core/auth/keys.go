package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// key is one that tokens may be signed with. Its type says which algorithms it
// checks, so that a token cannot have it used as a key of another type: a public
// key as the secret of HS256, above all.
type key struct {
	id         string   // the kid of its tokens; empty: any, or none
	algorithms []string // in the names of JWT
	material   any      // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

var (
	hmacAlgorithms = []string{"HS256", "HS384", "HS512"}
	rsaAlgorithms  = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	p256Algorithms = []string{"ES256"}
	p384Algorithms = []string{"ES384"}
	p521Algorithms = []string{"ES512"}
	edAlgorithms   = []string{"EdDSA"}

	publicAlgorithms = slices.Concat(rsaAlgorithms, p256Algorithms, p384Algorithms, p521Algorithms, edAlgorithms)
)

const (
	minRSABits = 2048
	maxRSABits = 8192 // the work of a check grows with the square
	maxKeys    = 100  // of one source: a token without a kid is checked with each
)

// publicKey returns the key that a decoded public key is. The error ends a
// sentence that begins with where the key comes from and "holds".
func publicKey(material any) (key, error) {
	switch public := material.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return key{}, fmt.Errorf("an RSA key of %d bits: it must have %d to %d", bits, minRSABits, maxRSABits)
		}
		return key{algorithms: rsaAlgorithms, material: public}, nil
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return key{algorithms: p256Algorithms, material: public}, nil
		case elliptic.P384():
			return key{algorithms: p384Algorithms, material: public}, nil
		case elliptic.P521():
			return key{algorithms: p521Algorithms, material: public}, nil
		}
		return key{}, fmt.Errorf("a key of curve %s: it must be P-256, P-384 or P-521", public.Params().Name)
	case ed25519.PublicKey:
		return key{algorithms: edAlgorithms, material: public}, nil
	}
	return key{}, fmt.Errorf("a key of type %T: it must be RSA, ECDSA or Ed25519", material)
}

// keyring holds keys, by algorithm. It does not change.
type keyring struct {
	keys   map[string][]key
	ids    map[string]bool
	size   int
	public bool // there are others than secrets
}

func newKeyring(keys []key) *keyring {
	r := &keyring{keys: map[string][]key{}, ids: map[string]bool{}, size: len(keys)}
	for _, k := range keys {
		if k.id != "" {
			r.ids[k.id] = true
		}
		_, secret := k.material.([]byte)
		r.public = r.public || !secret
		for _, algorithm := range k.algorithms {
			r.keys[algorithm] = append(r.keys[algorithm], k)
		}
	}
	return r
}

// checks reports whether there are keys for an algorithm.
func (r *keyring) checks(algorithm string) bool { return len(r.keys[algorithm]) > 0 }

// signed reports whether one of the keys that are right for the token made its
// signature of the text. There is no key for the algorithm none.
func (r *keyring) signed(token *jwt.Token, text string) bool {
	id := keyID(token)
	for _, k := range r.keys[token.Method.Alg()] {
		if id != "" && k.id != "" && k.id != id {
			continue
		}
		if token.Method.Verify(text, token.Signature, k.material) == nil {
			return true
		}
	}
	return false
}

// keyID returns the kid of a token, empty if it names no key.
func keyID(token *jwt.Token) string {
	id, _ := token.Header["kid"].(string)
	return id
}
