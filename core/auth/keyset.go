package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// readKeySet returns the keys of a JSON Web Key Set, RFC 7517, that tokens may be
// signed with, and the number of others. A key that is broken or of no use does
// not keep the rest from being used.
func readKeySet(body []byte) (ring *keyring, ignored int, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, 0, fmt.Errorf("it holds no JSON Web Key Set: %w", err)
	}
	if set.Keys == nil {
		return nil, 0, errors.New("it holds no JSON Web Key Set: there is no array of keys")
	}
	var keys []key
	for _, raw := range set.Keys {
		if len(keys) == maxKeys {
			break
		}
		if k, ok := readJWK(raw); ok {
			keys = append(keys, k)
		}
	}
	return newKeyring(keys), len(set.Keys) - len(keys), nil
}

// readJWK returns a key if it is a public one, for signatures. A private key is
// taken for the public one in it. Where it names an algorithm it is for no other.
func readJWK(raw json.RawMessage) (key, bool) {
	var jwk jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &jwk); err != nil || !isForSignatures(&jwk) {
		return key{}, false
	}
	jwk.X5C, jwk.X5T, jwk.X5TS256, jwk.X5U = nil, "", "", "" // certificates do not count
	decoded, err := jwkset.NewJWKFromMarshal(jwk, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipKeyOps: true})
	if err != nil {
		return key{}, false
	}
	k, err := publicKey(decoded.Key())
	if err != nil {
		return key{}, false
	}
	k.id = jwk.KID
	if algorithm := jwk.ALG.String(); algorithm != "" {
		if !slices.Contains(k.algorithms, algorithm) {
			return key{}, false
		}
		k.algorithms = []string{algorithm}
	}
	return k, true
}

func isForSignatures(jwk *jwkset.JWKMarshal) bool {
	return (jwk.USE == "" || jwk.USE == jwkset.UseSig) &&
		(len(jwk.KEYOPS) == 0 || slices.Contains(jwk.KEYOPS, jwkset.KeyOpsVerify))
}
