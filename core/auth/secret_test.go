package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestNew_SecretEncodings(t *testing.T) {
	const key = "\xfb\xff\x00 key?" // base64url writes it with '-', '_' and padding
	written := base64.URLEncoding.EncodeToString([]byte(key))
	require.Regexp(t, `-.*_.*[^=]=$|-_.*[^=]=+$`, written)
	tests := []struct {
		name, secret string
		encoding     auth.Encoding
		key          string
	}{
		{"raw", key, auth.Raw, key},
		{"raw is never decoded", written, auth.Raw, written},
		{"raw keeps space", " key\n", auth.Raw, " key\n"},
		{"base64url with padding", written, auth.Base64URL, key},
		{"base64url without padding", base64.RawURLEncoding.EncodeToString([]byte(key)), auth.Base64URL, key},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := auth.New(auth.Options{Secret: tt.secret, SecretEncoding: tt.encoding})
			require.NoError(t, err)
			identity, err := v.Verify(t.Context(), signWith(sha256.New, tt.key, hs256, `{"sub":5}`))
			require.NoError(t, err)
			assert.Equal(t, "5", identity.Subject)
			_, err = v.Verify(t.Context(), signWith(sha256.New, tt.key+"x", hs256, `{"sub":5}`))
			assert.Equal(t, error(auth.ErrInvalid), err)
		})
	}
}

func TestNew_BadSecrets(t *testing.T) {
	tests := []struct {
		name, secret string
		encoding     auth.Encoding
		want         string
	}{
		{"empty", "", auth.Raw, "there is no key"},
		{"empty base64url", "", auth.Base64URL, "there is no key"},
		{"nothing but padding", "==", auth.Base64URL, "jwt-secret is empty"},
		{"no base64url", "top secret!", auth.Base64URL, "jwt-secret is not base64url"},
		{"base64 of the other alphabet", "+/+/", auth.Base64URL, "jwt-secret is not base64url"},
		{"padding inside", "QQ==QQ", auth.Base64URL, "jwt-secret is not base64url"},
		{"a digit too many", "QUFBQ", auth.Base64URL, "jwt-secret is not base64url"},
		{"unknown encoding", "key", "hex", `jwt-secret-encoding is "hex"`},
		{"no encoding", "key", "", `jwt-secret-encoding is ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := auth.New(auth.Options{Secret: tt.secret, SecretEncoding: tt.encoding})
			require.ErrorContains(t, err, tt.want)
			assert.Nil(t, v)
			if tt.secret != "" && tt.secret != "key" && tt.secret != "==" {
				assert.NotContains(t, err.Error(), tt.secret, "secrets never stand in messages")
			}
		})
	}
}

func TestSecretSize(t *testing.T) {
	for text, want := range map[string]map[auth.Encoding]int{
		"":         {auth.Raw: 0, auth.Base64URL: 0},
		"YWJj":     {auth.Raw: 4, auth.Base64URL: 3},
		"YWJjZA==": {auth.Raw: 8, auth.Base64URL: 4},
	} {
		for encoding, bytes := range want {
			got, err := auth.SecretSize(text, encoding)
			require.NoError(t, err)
			require.Equal(t, bytes, got, "%s as %s", text, encoding)
		}
	}
	_, err := auth.SecretSize("!", auth.Base64URL)
	require.Error(t, err)
}
