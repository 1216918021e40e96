package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestWithKeys_ReplacesItsOwnKeys(t *testing.T) {
	first := newVerifier(t, auth.Options{Secret: secret, SecretEncoding: auth.Raw, PublicKey: publicPEM(p256Key()), Issuer: "me"})
	next, err := first.WithKeys(auth.Options{Secret: "another", SecretEncoding: auth.Raw, PublicKey: publicPEM(edKey())})
	require.NoError(t, err)
	const mine = `{"sub":5,"iss":"me"}`
	for token, by := range map[string][2]*auth.Verifier{
		sign(hs256, mine):                    {first, next},
		issue("ES256", p256Key(), "", mine):  {first, next},
		issue("HS256", "another", "", mine):  {next, first},
		issue("EdDSA", edKey(), "kid", mine): {next, first},
	} {
		acceptsBy(t, by[0], token)
		refusesBy(t, by[1], token, auth.ErrInvalid)
	}
	refusesBy(t, next, issue("HS256", "another", "", sub5), auth.ErrWrongIssuer)
	require.False(t, next.Inline(issue("EdDSA", edKey(), "", mine)))
	require.True(t, next.Inline(issue("ES256", p256Key(), "", mine)))
}

// The keys of the URL are kept, and not read again.
func TestWithKeys_KeepsThoseOfTheURL(t *testing.T) {
	published := newIssuer(t, jwk("k", edKey()))
	first := reading(t, published.URL)
	token := issue("EdDSA", edKey(), "k", sub5)
	acceptsBy(t, first, token)
	published.fail(500)
	for _, keys := range []auth.Options{{Secret: secret, SecretEncoding: auth.Raw}, {}} {
		next, err := first.WithKeys(keys)
		require.NoError(t, err)
		acceptsBy(t, next, token)
		require.Equal(t, auth.Stats{Refreshes: 1, Keys: 1}, next.Stats())
	}
	require.EqualValues(t, 1, published.requests.Load())
}

func TestWithKeys_RefusesWhatNewRefuses(t *testing.T) {
	first := verifier(t)
	for want, keys := range map[string]auth.Options{
		"there is no key to check tokens with": {},
		"holds no PEM block":                   {PublicKey: []byte("nothing")},
		"not base64url":                        {Secret: "!", SecretEncoding: auth.Base64URL},
	} {
		_, err := first.WithKeys(keys)
		require.ErrorContains(t, err, want)
	}
	acceptsBy(t, first, sign(hs256, sub5))
}
