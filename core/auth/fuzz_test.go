package auth_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// FuzzVerify gives tokens that nobody signed, made of the parts as they are,
// and tokens of the same parts that are signed. The first are accepted only
// where the signature is right by chance, the second only where they say what
// they have to.
func FuzzVerify(f *testing.F) {
	good := strings.Split(sign(hs256, `{"sub":5}`), ".")
	f.Add(good[0], good[1], good[2])
	f.Add(good[0], good[1], "")
	f.Add(good[0]+"\n", good[1], good[2]+"=")
	for _, header := range []string{hs256, `{"alg":"none"}`, `{"alg":"HS512"}`, `{"alg":"RS256"}`, `{"alg":"x","alg":"HS256"}`, `null`, `{"ALG":"HS256"}`} {
		f.Add(header, `{"sub":5}`, good[2])
	}
	for _, claims := range []string{
		`{"sub":"5","exp":9999999999,"nbf":1}`, `{"sub":1,"sub":null}`, `{"Sub":1}`, `{"s\u0075b":"\ud800"}`,
		`{"exp":1,"sub":5}`, `{"exp":1e300,"nbf":-1e300,"sub":5}`, `{"exp":"1","aud":["a"],"iss":0}`,
		"{\"sub\":\"\xff\"}", ` {"sub" : -0.0e+1 } `, `[]`, `null`, `{"sub":{"sub":[true]}}`,
	} {
		f.Add(hs256, claims, "")
	}
	v := verifier(f)
	f.Fuzz(func(t *testing.T, header, claims, signature string) {
		raw := header + "." + claims + "." + signature
		if _, err := v.Verify(t.Context(), raw); err != nil {
			requireReason(t, err)
		} else {
			require.True(t, isSigned(raw), "accepted without a signature: %q", raw)
		}
		asked := time.Now()
		identity, err := v.Verify(t.Context(), sign(header, claims))
		if err != nil {
			requireReason(t, err)
			require.Equal(t, auth.Identity{}, identity)
			return
		}
		requireAlgorithm(t, header)
		requireIdentity(t, claims, &identity, asked)
	})
}

func requireReason(t *testing.T, err error) {
	var reason *auth.Error
	require.ErrorAs(t, err, &reason)
	require.NotEmpty(t, reason.Code)
}

// isSigned checks a signature without the library.
func isSigned(token string) bool {
	at := strings.LastIndexByte(token, '.')
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token[:at]))
	got, err := base64.RawURLEncoding.Strict().DecodeString(token[at+1:])
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

func requireAlgorithm(t *testing.T, header string) {
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(header), &fields))
	require.Equal(t, "HS256", fields["alg"])
}

// requireIdentity compares an identity with what encoding/json finds in the
// claims.
func requireIdentity(t *testing.T, claims string, identity *auth.Identity, asked time.Time) {
	require.True(t, utf8.ValidString(claims))
	require.Equal(t, strings.Trim(claims, " \t\r\n"), string(identity.Claims))
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(claims), &fields))
	require.Equal(t, string(fields["sub"]), string(identity.SubjectJSON))

	require.NotEmpty(t, identity.Subject)
	if bytes.HasPrefix(fields["sub"], []byte{'"'}) {
		var text string
		require.NoError(t, json.Unmarshal(fields["sub"], &text))
		require.Equal(t, text, identity.Subject)
		require.NotContains(t, text, "\uFFFD")
	} else {
		var number json.Number
		require.NoError(t, json.Unmarshal(fields["sub"], &number))
		requireSameNumber(t, number.String(), identity.Subject)
	}
	var expires float64
	if raw, ok := fields["exp"]; ok && string(raw) != "null" && json.Unmarshal(raw, &expires) == nil {
		require.Greater(t, expires, float64(asked.Unix()), "expired")
	}
}

// requireSameNumber makes sure that got is number, perhaps in another spelling.
func requireSameNumber(t *testing.T, number, got string) {
	if number == got {
		return
	}
	want, err := strconv.ParseFloat(number, 64)
	require.NoError(t, err)
	value, err := strconv.ParseFloat(got, 64)
	require.NoError(t, err)
	require.InDelta(t, want, value, 0)
	require.NotContains(t, got, "e")
}
