package auth

import (
	"slices"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// FuzzReadKeySet gives answers of an issuer. Whatever is taken from one can be
// used for the algorithms that it is taken for, and never for HMAC.
func FuzzReadKeySet(f *testing.F) {
	for _, seed := range []string{
		`{"keys":[]}`, `{"keys":null}`, `[]`, `{"keys":[5,null,{"kty":"oct","k":"AAAA"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"1"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","kid":"2"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","key_ops":["verify"]}]}`,
		`{"keys":[{"kty":"RSA","n":"","e":"_____________","d":"AA","x5c":["AA"],"x5u":"http://localhost/"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ring, ignored, err := readKeySet(body)
		if err != nil {
			require.Nil(t, ring)
			return
		}
		require.GreaterOrEqual(t, ignored, 0)
		require.LessOrEqual(t, ring.size, maxKeys)
		for algorithm, keys := range ring.keys {
			require.True(t, slices.Contains(publicAlgorithms, algorithm), algorithm)
			for _, k := range keys {
				method := jwt.GetSigningMethod(algorithm)
				require.NotErrorIs(t, method.Verify("text", make([]byte, 64), k.material), jwt.ErrInvalidKeyType)
			}
		}
	})
}
