package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeKeys writes a new pair of keys for ES256.
func writeKeys(t *testing.T, private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	der, err = x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
}

// claimsOf returns the claims of a token, checked or not.
func claimsOf(t *testing.T, token string) (text string, claims map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &claims))
	return string(raw), claims
}

func TestTokenMint_Claims(t *testing.T) {
	for sub, want := range map[string]string{
		"5": `5`, "-5": `-5`, `"5"`: `"5"`, "05": `"05"`, "1e5": `"1e5"`, "5.0": `"5.0"`, "anna": `"anna"`, "true": `"true"`, `a"b`: `"a\"b"`, "123e4567": `"123e4567"`,
	} {
		assert.Equal(t, want, string(subjectOf(sub)))
	}
	secret := "--jwt-secret-file=" + newFiles(t).write("secret", "a secret\n")
	before := time.Now().Unix()
	text, claims := claimsOf(t, minted(t, "--sub=a\"b", secret, "--ttl=10m", "--claim=role=admin", "--claim", `rooms=["a","b:*"]`,
		"--claim=level=3", `--claim=text="3"`, "--claim=empty=", "--claim=x=a=b,c;d"))
	assert.Contains(t, text, `{"sub":"a\"b","role":"admin","rooms":["a","b:*"],"level":3,"text":"3","empty":"","x":"a=b,c;d","iat":`)
	assert.EqualValues(t, 600, claims["exp"].(float64)-claims["iat"].(float64))
	assert.GreaterOrEqual(t, int64(claims["iat"].(float64)), before)
	_, claims = claimsOf(t, minted(t, "--sub=5", secret, "--ttl=-1s"))
	assert.NotContains(t, claims, "exp")
}

func TestTokenMint_RefusesWhatCannotBe(t *testing.T) {
	f := newFiles(t)
	secret := "--jwt-secret-file=" + f.write("secret", "a secret\n")
	key := f.path("private.pem")
	writeKeys(t, key, f.path("public.pem"))
	for want, args := range map[string][]string{
		"--sub":                         {secret},
		`"" cannot be a subject`:        {"--sub=", secret},
		"say either jwt-secret-file or": {"--sub=5"},
		"signed with one key":           {"--sub=5", secret, "--private-key-file=" + key},
		"cannot read jwt-secret-file":   {"--sub=5", "--jwt-secret-file=" + f.path("none")},
		"cannot read private-key":       {"--sub=5", "--private-key-file=" + f.path("none")},
		"holds a PEM block of type":     {"--sub=5", "--private-key-file=" + f.path("public.pem")},
		`the algorithm is "HS256"`:      {"--sub=5", "--private-key-file=" + key, "--algorithm=HS256"},
		"has not the form NAME":         {"--sub=5", secret, "--claim=role"},
		`there are two claims "a"`:      {"--sub=5", secret, "--claim=a=1", "--claim=a=2"},
		`there are two claims "sub"`:    {"--sub=5", secret, "--claim=sub=6"},
		"the claim exp comes from":      {"--sub=5", secret, "--claim=exp=6"},
	} {
		out, err := tool(t, append([]string{"token", "mint"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Empty(t, out)
	}
}

// A token that is minted is taken by a server with the key, and inspecting says so.
func TestToken_MintedIsTaken(t *testing.T) {
	f := newFiles(t)
	secret, key, public := f.write("secret", "YSBzZWNyZXQ\n"), f.path("private.pem"), f.path("public.pem")
	writeKeys(t, key, public)
	encoded := []string{"--jwt-secret-file=" + secret, "--jwt-secret-encoding=base64url"}
	settings := []string{"--jwt-secret-file=" + secret, "--jwt-secret-encoding=base64url", "--jwt-public-key-file=" + public, "--require-auth"}
	c := serveCommandLine(t, nil, settings...)
	for _, args := range [][]string{
		encoded, append(encoded, "--algorithm=HS512"), {"--private-key-file=" + key, "--key-id=k1"},
	} {
		token := minted(t, append([]string{"--sub=anna"}, args...)...)
		require.Equal(t, http.StatusSwitchingProtocols, c.answer(t, token))
		out, err := typed(t, token+"\n", append([]string{"token", "inspect"}, settings...)...)
		require.NoError(t, err)
		require.Contains(t, out, "accepted: the bearer is user \"anna\"\n")
	}
}

func TestTokenInspect_WithoutKey(t *testing.T) {
	secret := "--jwt-secret-file=" + newFiles(t).write("secret", "a secret\n")
	token := minted(t, "--sub=5", secret, "--claim=nbf=1700000000", "--key-id=k")
	for _, args := range [][]string{{"token", "inspect", token}, {"token", "inspect", "-"}, {"token", "inspect"}} {
		out, err := typed(t, "  "+token+"\n", args...)
		require.NoError(t, err)
		require.Contains(t, out, "header {\n  \"alg\": \"HS256\",\n  \"typ\": \"JWT\",\n  \"kid\": \"k\"\n}\nclaims {\n  \"sub\": 5,\n")
		require.Regexp(t, `\nissued 20\d\d-\d\d-\d\dT\S+Z, \S+ ago\nnot before 2023-11-14T22:13:20Z, \S+ ago\nexpires \S+Z, in (1h|59m\S+)\nunchecked: there is no key`, out)
	}
	for _, none := range []string{"", "a.b", "a.b.c"} {
		_, err := typed(t, none, "token", "inspect")
		require.ErrorContains(t, err, "it is not a token", none)
	}
}

func TestTokenInspect_SaysWhyATokenIsRefused(t *testing.T) {
	f := newFiles(t)
	secret, other, key, public := f.write("secret", "a secret"), f.write("other", "another"), f.path("private.pem"), f.path("public.pem")
	writeKeys(t, key, public)
	with := "--jwt-secret-file=" + secret
	mint := func(args ...string) string {
		return minted(t, append([]string{"--sub=5", "--jwt-secret-file=" + secret}, args...)...)
	}
	expired, err := tool(t, "token", "mint", "--sub=5", "--jwt-secret-file="+secret, "--ttl=1ns")
	require.NoError(t, err)
	for name, test := range map[string]struct {
		token string
		args  []string
		want  string
	}{
		"other key":   {mint(), []string{"--jwt-secret-file=" + other}, "Invalid token (TOKEN_INVALID): none of the keys for its algorithm, HS256, made its signature"},
		"algorithm":   {mint(), []string{"--jwt-public-key-file=" + public}, "there is no key for its algorithm, HS256"},
		"expired":     {strings.TrimSpace(expired), []string{with}, "Token expired (TOKEN_EXPIRED)"},
		"not yet":     {mint("--claim=nbf=4000000000"), []string{with}, "Token not yet valid (TOKEN_NOT_YET_VALID)"},
		"issuer":      {mint("--claim=iss=you"), []string{with, "--jwt-issuer=me"}, "Token has the wrong issuer"},
		"audience":    {mint(`--claim=aud=["a"]`), []string{with, "--jwt-audience=b"}, "Token has the wrong audience"},
		"no such key": {mint(), []string{"--jwt-secret-file=" + f.path("none")}, "cannot read jwt-secret-file"},
		"two keys":    {mint(), []string{with, "--jwt-secret=a"}, "are both set"},
		"wrong key":   {mint(), []string{"--jwt-public-key-file=" + secret}, "holds no PEM block"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := typed(t, test.token, append([]string{"token", "inspect"}, test.args...)...)
			require.ErrorContains(t, err, test.want)
			require.Contains(t, out, `"sub": 5`, "what stands in it is shown nevertheless")
			require.NotContains(t, out, "accepted")
		})
	}
	out, err := typed(t, strings.TrimSpace(expired), "token", "inspect")
	require.NoError(t, err)
	require.Contains(t, out, "\nexpired 20")
}

func TestTokenInspect_KeysOfAURL(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": base64.RawURLEncoding.EncodeToString(public),
		}}})
	}))
	t.Cleanup(issuer.Close)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	key := "--private-key-file=" + newFiles(t).write("private.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	out, err := typed(t, minted(t, "--sub=5", key, "--key-id=k"), "token", "inspect", "--jwt-jwks-url="+issuer.URL)
	require.NoError(t, err)
	require.Contains(t, out, "accepted: the bearer is user 5\n")
	_, err = typed(t, minted(t, "--sub=5", key, "--key-id=other"), "token", "inspect", "--jwt-jwks-url="+issuer.URL)
	require.ErrorContains(t, err, `with its kid, "other"`)
}

// A token goes to standard output alone, and the exit status tells what is refused.
func TestToken_Program(t *testing.T) {
	f := newFiles(t)
	secret, other := f.write("secret", "a secret"), f.write("other", "another")
	mint := program(t, "", nil, "token", "mint", "--sub=5", "--jwt-secret-file="+secret)
	require.Equal(t, 0, mint.status)
	require.Empty(t, mint.stderr)
	require.Regexp(t, `^[\w-]+\.[\w-]+\.[\w-]+\n$`, mint.stdout)
	taken := program(t, mint.stdout, nil, "token", "inspect", "--jwt-secret-file="+secret)
	require.Equal(t, 0, taken.status, taken.stderr)
	refused := program(t, mint.stdout, nil, "token", "inspect", "--jwt-secret-file="+other)
	require.Equal(t, 1, refused.status)
	require.Contains(t, refused.stderr, "gannet: the token is refused: Invalid token (TOKEN_INVALID)")
	require.NotContains(t, taken.stdout+taken.stderr+refused.stderr, "a secret")
}
