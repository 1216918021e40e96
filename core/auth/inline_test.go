package auth_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestInline(t *testing.T) {
	onlySecret := verifier(t)
	onlyRSA := newVerifier(t, auth.Options{PublicKey: publicPEM(rsaKey())})
	keysAtURL := reading(t, newIssuer(t, jwk("k", edKey())).URL)
	for _, algorithm := range all() {
		token := issue(algorithm, keyFor(algorithm), "", sub5)
		isSecret, isRSA := strings.HasPrefix(algorithm, "HS"), algorithm[1:2] == "S" && strings.ContainsAny(algorithm[:1], "RP")
		assert.True(t, onlySecret.Inline(token), algorithm)
		assert.Equal(t, !isRSA, onlyRSA.Inline(token), algorithm)
		assert.Equal(t, isSecret, keysAtURL.Inline(token), algorithm)
	}
}

// Whatever looks like a token: if Inline has it checked on an event loop, Verify
// does not use a public key, nor wait for one.
func TestInline_AgreesWithVerify(t *testing.T) {
	published := newIssuer(t, jwk("k", edKey()))
	v := reading(t, published.URL)
	acceptsBy(t, v, issue("EdDSA", edKey(), "k", sub5))
	for _, header := range []string{
		`{"alg":"EdDSA","Alg":"HS256"}`, `{"Alg":"HS256","alg":"EdDSA"}`, `{"alg":"HS256","alg":"EdDSA"}`,
		`{"alg":"EdDSA","alg":"HS256"}`, `{"ALG":"EdDSA"}`, `{"\u0061lg":"EdDSA"}`, `{"alg":"\u0045dDSA"}`, `{"alg":"EdDSA\u0000"}`,
		` {"alg" : "EdDSA"} `, `{"alg":["EdDSA"]}`, `{"alg":"EdDSA"}x`, `{"alg":"EdDSA"`, "{\"alg\":\"EdDSA\",\"x\":\"\xff\"}",
		`null`, `5`, ``, `{}`, `[{"alg":"EdDSA"}]`, `{"alg":"EdDSA","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
	} {
		token := issueWith(header, "EdDSA", edKey(), sub5)
		if verifies(t, v, token) == nil {
			require.False(t, v.Inline(token), header)
		}
	}
	require.True(t, v.Inline(issueWith(`{"alg":"EdDSA","alg":"HS256"}`, "EdDSA", edKey(), sub5)))
	for _, token := range []string{"", ".", "..", "token", "e30", "!.!.!", strings.Repeat("A", 4<<20)} {
		require.True(t, v.Inline(token))
		refusesBy(t, v, token, auth.ErrInvalid)
	}
}
