package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// signerFor returns the signer of the tests for an algorithm.
func signerFor(t *testing.T, algorithm, kid string) *auth.Signer {
	t.Helper()
	options := auth.SignerOptions{Algorithm: algorithm, KeyID: kid}
	if key, isSecret := keyFor(algorithm).(string); isSecret {
		options.Secret = key
	} else {
		options.PrivateKey = privatePEM(t, keyFor(algorithm).(crypto.Signer))
	}
	signer, err := auth.NewSigner(options)
	require.NoError(t, err)
	return signer
}

// A token of any algorithm is accepted by who has the key, and by nobody else.
func TestSigner_TokensAreAccepted(t *testing.T) {
	for _, algorithm := range slices.Concat(ofSecrets, ofRSA, ofCurves) {
		t.Run(algorithm, func(t *testing.T) {
			token, err := signerFor(t, algorithm, "k1").Sign([]byte(sub5))
			require.NoError(t, err)
			options, others := auth.Options{PublicKey: publicPEM(rsaKey(), p256Key(), p384Key(), p521Key(), edKey())}, auth.Options{}
			if _, isSecret := keyFor(algorithm).(string); isSecret {
				options = auth.Options{Secret: secret, SecretEncoding: auth.Raw}
				others = auth.Options{Secret: strangerFor(algorithm).(string), SecretEncoding: auth.Raw}
			} else {
				others.PublicKey = publicPEM(strangerFor(algorithm))
			}
			require.Equal(t, "5", acceptsBy(t, newVerifier(t, options), token).Subject)
			refusesBy(t, newVerifier(t, others), token, auth.ErrInvalid)
			contents, err := auth.Read(token)
			require.NoError(t, err)
			require.JSONEq(t, `{"alg":"`+algorithm+`","typ":"JWT","kid":"k1"}`, string(contents.Header))
		})
	}
}

func TestSigner_ClaimsAsTheyStand(t *testing.T) {
	const odd = `{"sub":"a","n":12345678901234567890,"z":1,"a":"<&>"}`
	token, err := signerFor(t, "HS256", "").Sign([]byte(odd))
	require.NoError(t, err)
	require.Equal(t, odd, string(accepts(t, token).Claims))
	for _, bad := range []string{"", "[]", `"a"`, "{", "{}x", " {}"} {
		_, err := signerFor(t, "HS256", "").Sign([]byte(bad))
		require.Error(t, err, bad)
	}
}

func TestSigner_DefaultAlgorithms(t *testing.T) {
	sec1 := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(p256Key().(*ecdsa.PrivateKey)))})
	for name, test := range map[string]struct {
		options auth.SignerOptions
		want    string
	}{
		"secret":           {auth.SignerOptions{Secret: secret}, "HS256"},
		"base64url secret": {auth.SignerOptions{Secret: "YSBzZWNyZXQ", SecretEncoding: auth.Base64URL}, "HS256"},
		"RSA":              {auth.SignerOptions{PrivateKey: privatePEM(t, rsaKey())}, "RS256"},
		"PKCS #1":          {auth.SignerOptions{PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey().(*rsa.PrivateKey))})}, "RS256"},
		"SEC 1":            {auth.SignerOptions{PrivateKey: sec1}, "ES256"},
		"with parameters":  {auth.SignerOptions{PrivateKey: append(pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6}}), sec1...)}, "ES256"},
		"P-384":            {auth.SignerOptions{PrivateKey: privatePEM(t, p384Key())}, "ES384"},
		"P-521":            {auth.SignerOptions{PrivateKey: privatePEM(t, p521Key())}, "ES512"},
		"Ed25519":          {auth.SignerOptions{PrivateKey: privatePEM(t, edKey())}, "EdDSA"},
	} {
		t.Run(name, func(t *testing.T) {
			signer, err := auth.NewSigner(test.options)
			require.NoError(t, err)
			token, err := signer.Sign([]byte(sub5))
			require.NoError(t, err)
			contents, err := auth.Read(token)
			require.NoError(t, err)
			require.JSONEq(t, `{"alg":"`+test.want+`","typ":"JWT"}`, string(contents.Header))
		})
	}
}

func TestSigner_RefusesWhatCannotBe(t *testing.T) {
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	for want, options := range map[string]auth.SignerOptions{
		"jwt-secret is empty": {},
		"one of them":         {Secret: secret, PrivateKey: privatePEM(t, edKey())},
		`the algorithm is "RS256": the key is for HS256, HS384, HS512`: {Secret: secret, Algorithm: "RS256"},
		`the algorithm is "none"`:                                      {Secret: secret, Algorithm: "none"},
		`the algorithm is "ES256": the key is for ES384`:               {PrivateKey: privatePEM(t, p384Key()), Algorithm: "ES256"},
		`the algorithm is "HS256": the key is for EdDSA`:               {PrivateKey: privatePEM(t, edKey()), Algorithm: "HS256"},
		"curve P-224":        {PrivateKey: privatePEM(t, p224)},
		"holds no PEM block": {PrivateKey: []byte("nothing")},
		`of type "PUBLIC KEY": it must be PRIVATE KEY`: {PrivateKey: publicPEM(edKey())},
		"cannot be read":                             {PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})},
		"in PEM, DER or JWK form":                    {Secret: string(publicPEM(edKey()))},
		"not base64url, as jwt-secret-encoding says": {Secret: "!", SecretEncoding: auth.Base64URL},
	} {
		_, err := auth.NewSigner(options)
		require.ErrorContains(t, err, want)
	}
}
