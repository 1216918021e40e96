package auth_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// disguises are the forms in which a public key, which everybody has, could be
// taken for a secret.
func disguises(key crypto.Signer) map[string]string {
	der := publicDER(key)
	file := string(publicPEM(key))
	forms := map[string]string{
		"PEM":                   file,
		"PEM without its end":   strings.TrimSpace(file),
		"DER":                   string(der),
		"base64 of the DER":     base64.StdEncoding.EncodeToString(der),
		"JWK":                   jwk("", key),
		"JWK with a name":       jwk("k", key),
		"nothing":               "",
		"PEM with CRLF":         strings.ReplaceAll(file, "\n", "\r\n"),
		"base64url of the PEM":  encode(file),
		"SubjectPublicKey text": fmt.Sprint(key.Public()),
	}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		forms["modulus"] = string(public.N.Bytes())
		forms["PKCS #1"] = string(x509.MarshalPKCS1PublicKey(public))
		forms["PKCS #1 PEM"] = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public)}))
	case ed25519.PublicKey:
		forms["bytes"] = string(public)
	}
	return forms
}

// A token that is signed with a public key as if that were a secret is refused,
// wherever the key comes from.
func TestConfusion_PublicKeyAsSecret(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		key := keyFor(algorithm).(crypto.Signer)
		published := newIssuer(t, jwk("k", key))
		verifiers := []*auth.Verifier{
			newVerifier(t, auth.Options{PublicKey: publicPEM(key)}),
			newVerifier(t, auth.Options{PublicKey: publicPEM(key), Secret: secret, SecretEncoding: auth.Raw}),
			newVerifier(t, auth.Options{JWKSURL: published.URL}),
			newVerifier(t, auth.Options{JWKSURL: published.URL, Secret: secret, SecretEncoding: auth.Raw}),
		}
		for _, v := range verifiers {
			for _, material := range disguises(key) {
				for _, hmac := range ofSecrets {
					refusesBy(t, v, issue(hmac, material, "k", sub5), auth.ErrInvalid)
					refusesBy(t, v, issueWith(`{"alg":"`+algorithm+`"}`, hmac, material, sub5), auth.ErrInvalid)
				}
			}
		}
		acceptsBy(t, verifiers[0], issue(algorithm, key, "k", sub5))
		acceptsBy(t, verifiers[2], issue(algorithm, key, "k", sub5))
	}
}

// Nobody may configure the confusion either.
func TestConfusion_PublicKeyAsSecretOption(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		key := keyFor(algorithm).(crypto.Signer)
		forms := disguises(key)
		for _, name := range []string{"PEM", "PEM without its end", "PEM with CRLF", "DER", "JWK"} {
			for encoding, written := range map[auth.Encoding]string{auth.Raw: forms[name], auth.Base64URL: encode(forms[name])} {
				v, err := auth.New(auth.Options{Secret: written, SecretEncoding: encoding})
				require.ErrorContains(t, err, "a public key belongs in jwt-public-key-file", name)
				require.NotContains(t, err.Error(), written)
				require.Nil(t, v)
			}
		}
	}
	for _, file := range []string{string(certificate(t, rsaKey())), string(privatePEM(t, rsaKey())), "key:\n" + string(publicPEM(rsaKey()))} {
		_, err := auth.New(auth.Options{Secret: file, SecretEncoding: auth.Raw})
		require.ErrorContains(t, err, "jwt-secret is a key or certificate")
	}
	block, _ := pem.Decode(certificate(t, rsaKey()))
	pkcs1 := x509.MarshalPKCS1PublicKey(rsaKey().Public().(*rsa.PublicKey))
	for _, der := range [][]byte{block.Bytes, pkcs1} {
		_, err := auth.New(auth.Options{Secret: string(der), SecretEncoding: auth.Raw})
		require.ErrorContains(t, err, "jwt-secret is a key or certificate")
	}
}

// A secret that is JSON or looks a little like a key is a secret all the same.
func TestConfusion_OddSecrets(t *testing.T) {
	for _, odd := range []string{`{"a":1}`, `{"kty":5}`, `[]`, `5`, "0\x82\x01\x22", "----BEGIN", "-----END PUBLIC KEY-----"} {
		v := newVerifier(t, auth.Options{Secret: odd, SecretEncoding: auth.Raw})
		acceptsBy(t, v, issue("HS256", odd, "", sub5))
	}
}

// A token cannot bring its key along, nor say where it is.
func TestConfusion_KeyInTheToken(t *testing.T) {
	published := newIssuer(t, jwk("k", rsaKey()))
	evil := newIssuer(t, jwk("k", strangerRSA()))
	v := newVerifier(t, auth.Options{JWKSURL: published.URL, PublicKey: publicPEM(p256Key())})
	block, _ := pem.Decode(certificate(t, strangerRSA()))
	chain := base64.StdEncoding.EncodeToString(block.Bytes)
	for _, header := range []string{
		`{"alg":"RS256","jwk":` + jwk("k", strangerRSA()) + `}`,
		`{"alg":"RS256","kid":"k","jwk":` + jwk("k", strangerRSA()) + `}`,
		`{"alg":"RS256","kid":"k","jku":"` + evil.URL + `"}`,
		`{"alg":"RS256","jku":"` + evil.URL + `"}`,
		`{"alg":"RS256","kid":"` + evil.URL + `"}`,
		`{"alg":"RS256","kid":"k","x5u":"` + evil.URL + `"}`,
		`{"alg":"RS256","kid":"k","x5c":["` + chain + `"]}`,
	} {
		refusesBy(t, v, issueWith(header, "RS256", strangerRSA(), sub5), auth.ErrInvalid)
	}
	require.Zero(t, evil.requests.Load())
}

// The curve of a key decides, not the one that a token names.
func TestConfusion_Curves(t *testing.T) {
	curves := []string{"ES256", "ES384", "ES512"}
	for _, mine := range curves {
		published := newIssuer(t, jwk("", keyFor(mine).(crypto.Signer)))
		for _, options := range []auth.Options{{PublicKey: publicPEM(keyFor(mine))}, {JWKSURL: published.URL}} {
			v := newVerifier(t, options)
			for _, named := range curves {
				token := issueWith(`{"alg":"`+named+`"}`, named, keyFor(mine), sub5)
				if named == mine {
					acceptsBy(t, v, token)
				} else {
					refusesBy(t, v, token, auth.ErrInvalid)
				}
			}
		}
	}
}
