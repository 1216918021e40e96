//go:build !race

package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// verifyAllocs is what checking an HS256 token allocates at most: most of it is
// the parser's header and claims.
const verifyAllocs = 38

func TestAllocs_Verify(t *testing.T) {
	v := newVerifier(t, auth.Options{Secret: secret, SecretEncoding: auth.Raw})
	token := sign(hs256, `{"sub":5,"exp":4102444800,"name":"Alice","role":"admin"}`)
	_, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	require.LessOrEqual(t, testing.AllocsPerRun(1000, func() { _, _ = v.Verify(t.Context(), token) }), float64(verifyAllocs))
}
