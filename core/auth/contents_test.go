package auth_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestRead_WhoeverMadeIt(t *testing.T) {
	token := sign(`{"alg":"none","kid":7}`, `{"sub":"x","iat":1700000000,"nbf":1700000000.5,"exp":1}`) + "x"
	c, err := auth.Read(token)
	require.NoError(t, err)
	assert.Equal(t, `{"alg":"none","kid":7}`, string(c.Header))
	assert.Equal(t, time.Unix(1700000000, 0), c.IssuedAt)
	assert.Equal(t, time.UnixMilli(1700000000500), c.NotBefore)
	assert.Equal(t, time.Unix(1, 0), c.ExpiresAt)

	c, err = auth.Read(sign(hs256, `{"exp":"soon","nbf":null}`))
	require.NoError(t, err)
	assert.True(t, c.IssuedAt.IsZero() && c.NotBefore.IsZero() && c.ExpiresAt.IsZero())
}

func TestRead_WhatIsNoToken(t *testing.T) {
	for token, want := range map[string]string{
		"":                                      "it has 1 parts in place of 3",
		"a.b":                                   "it has 2 parts",
		"...":                                   "it has 4 parts",
		"!." + encode("{}") + ".":               "its header cannot be read",
		encode("{}") + ".e30=.":                 "its claims cannot be read",
		encode("[]") + "." + encode("{}") + ".": "there is no JSON object in its header",
		encode("{}") + "." + encode("null") + ".": "there is no JSON object in its claims",
		encode("{}") + "." + encode("{") + ".":    "there is no JSON object in its claims",
	} {
		_, err := auth.Read(token)
		require.ErrorContains(t, err, want, token)
	}
}

func TestVerifier_Explain(t *testing.T) {
	published := newIssuer(t, jwk("known", edKey()))
	v := newVerifier(t, auth.Options{Secret: secret, SecretEncoding: auth.Raw, PublicKey: publicPEM(p256Key()), JWKSURL: published.URL})
	acceptsBy(t, v, issue("EdDSA", edKey(), "known", sub5))
	for token, want := range map[string]string{
		"a.b.c":                  "malformed",
		sign(hs256, sub5) + "\n": "line break",
		sign(`{"alg":"HS256","crit":["x"]}`, sub5):  "crit",
		sign(`{"alg":"none"}`, sub5):                "no key for its algorithm, none",
		sign(`{"alg":"HS999"}`, sub5):               "signing method",
		issue("RS256", rsaKey(), "", sub5):          "no key for its algorithm, RS256",
		issue("EdDSA", strangerEd(), "other", sub5): `no key for its algorithm, EdDSA, with its kid, "other"`,
		issue("EdDSA", strangerEd(), "known", sub5): "none of the keys for its algorithm, EdDSA, made its signature",
		issue("ES256", strangerP256(), "any", sub5): "none of the keys for its algorithm, ES256",
		issue("HS256", "another", "", sub5):         "none of the keys for its algorithm, HS256",
	} {
		refusesBy(t, v, token, auth.ErrInvalid)
		require.Contains(t, v.Explain(token), want, token)
	}
}
