package auth_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

// certificate returns one of the key, in PEM, which is long expired.
func certificate(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(1, 0), NotAfter: time.Unix(2, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func privatePEM(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// rsaOf returns a public key of any size, of which nobody knows the private one.
func rsaOf(bits int) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
}

func TestNew_PublicKeyForms(t *testing.T) {
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(rsaKey().Public().(*rsa.PublicKey))})
	for name, file := range map[string][]byte{
		"public key":         publicPEM(rsaKey()),
		"PKCS #1":            pkcs1,
		"certificate":        certificate(t, rsaKey()),
		"text around":        []byte("issuer of the tests\n" + string(publicPEM(rsaKey())) + "\nthe end\n"),
		"CRLF":               []byte(strings.ReplaceAll(string(publicPEM(rsaKey())), "\n", "\r\n")),
		"behind another key": append(publicPEM(edKey()), certificate(t, rsaKey())...),
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, auth.Options{PublicKey: file})
			acceptsBy(t, v, issue("RS256", rsaKey(), "", sub5))
			refusesBy(t, v, issue("RS256", strangerRSA(), "", sub5), auth.ErrInvalid)
		})
	}
	for _, bits := range []int{2048, 8192} {
		newVerifier(t, auth.Options{PublicKey: publicPEM(rsaOf(bits))})
	}
}

func TestNew_BadPublicKeys(t *testing.T) {
	good := string(publicPEM(p256Key()))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey()
	ecPrivate := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(p256Key().(*ecdsa.PrivateKey)))})
	tests := []struct{ name, file, want string }{
		{"no PEM", "ssh-ed25519 AAAA", "holds no PEM block"},
		{"white space", " \n", "holds no PEM block"},
		{"cut short", good[:60], "holds 1 PEM blocks, of which only 0 can be read"},
		{"second cut short", good + good[:60], "holds 2 PEM blocks, of which only 1 can be read"},
		{"broken in the middle", strings.Replace(good, "\nM", "\n!", 1), "of which only 0 can be read"},
		{"no key inside", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", `a PEM block "PUBLIC KEY" that cannot be read`},
		{"no certificate inside", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", `a PEM block "CERTIFICATE" that cannot be read`},
		{"no PKCS #1 inside", "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", `a PEM block "RSA PUBLIC KEY" that cannot be read`},
		{"private", string(privatePEM(t, rsaKey())), "holds a private key"},
		{"private, of a curve", string(ecPrivate), "holds a private key"},
		{"public and private", good + string(privatePEM(t, edKey())), "holds a private key"},
		{"another block", "-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n", `of type "EC PARAMETERS"`},
		{"RSA of 1024 bits", string(publicPEM(rsaOf(1024))), "an RSA key of 1024 bits: it must have 2048 to 8192"},
		{"RSA of 2047 bits", string(publicPEM(rsaOf(2047))), "an RSA key of 2047 bits"},
		{"RSA of 8193 bits", string(publicPEM(rsaOf(8193))), "an RSA key of 8193 bits"},
		{"weak one behind a good one", good + string(publicPEM(rsaOf(2047))), "an RSA key of 2047 bits"},
		{"P-224", string(publicPEM(p224.Public())), "a key of curve P-224"},
		{"X25519", string(publicPEM(x25519)), "a key of type *ecdh.PublicKey"},
		{"too many", strings.Repeat(good, 101), "holds 101 keys: at most 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := auth.New(auth.Options{PublicKey: []byte(tt.file)})
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "jwt-public-key-file ")
			assert.Nil(t, v)
		})
	}
}

func TestNew_BadOptions(t *testing.T) {
	with := func(change func(*auth.Options)) auth.Options {
		options := auth.Options{Secret: secret, SecretEncoding: auth.Raw}
		change(&options)
		return options
	}
	tests := []struct {
		name    string
		options auth.Options
		want    string
	}{
		{"nothing", auth.Options{}, "there is no key to check tokens with"},
		{"no key", auth.Options{Issuer: "i", Audience: []string{"a"}}, "there is no key to check tokens with"},
		{"leeway below zero", with(func(o *auth.Options) { o.Leeway = -1 }), "jwt-leeway is -1ns"},
		{"leeway too long", with(func(o *auth.Options) { o.Leeway = 10*time.Minute + 1 }), "jwt-leeway is 10m0.000000001s"},
		{"empty audience", with(func(o *auth.Options) { o.Audience = []string{"a", ""} }), "jwt-audience has an empty entry"},
		{"refresh below zero", with(func(o *auth.Options) { o.JWKSRefresh = -time.Hour }), "jwt-jwks-refresh is -1h0m0s"},
		{"refresh too often", with(func(o *auth.Options) { o.JWKSRefresh = time.Second - 1 }), "jwt-jwks-refresh is 999.999999ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := auth.New(tt.options)
			require.ErrorContains(t, err, tt.want)
			assert.Nil(t, v)
		})
	}
	newVerifier(t, with(func(o *auth.Options) { o.Leeway = 10 * time.Minute }))
	newVerifier(t, with(func(o *auth.Options) { o.JWKSRefresh = time.Second }))
}

func TestNew_BadURLs(t *testing.T) {
	for address, want := range map[string]string{
		"issuer":                           "is not a URL",
		"/jwks.json":                       "is not a URL",
		"https://":                         "is not a URL",
		"https://:443/":                    "is not a URL",
		"https://hunter2\x7f/":             "is not a URL",
		"https://u:hunter2@h:port/":        "is not a URL",
		"http://issuer.example/jwks":       "must begin with https://",
		"http://u:hunter2@10.0.0.1/":       "must begin with https://",
		"http://localhost.evil.example/":   "must begin with https://",
		"http://127.0.0.1.evil.example/":   "must begin with https://",
		"http://[::2]/":                    "must begin with https://",
		"file:///etc/jwks":                 "is not a URL",
		"ftp://issuer.example/hunter2":     "must begin with https://",
		"HTTP://issuer.example/":           "must begin with https://",
		"issuer.example:443/hunter2.json":  "is not a URL",
		"http://localhost@evil.example/":   "must begin with https://",
		"http://0.0.0.0/":                  "must begin with https://",
		"unix://localhost/var/run/hunter2": "must begin with https://",
	} {
		v, err := auth.New(auth.Options{JWKSURL: address})
		require.ErrorContains(t, err, want, address)
		require.ErrorContains(t, err, "jwt-jwks-url ")
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Nil(t, v)
	}
}

// One bad source is enough to refuse all.
func TestNew_EverySourceIsChecked(t *testing.T) {
	good := auth.Options{Secret: secret, SecretEncoding: auth.Raw, PublicKey: publicPEM(edKey()), JWKSURL: "http://localhost:1/"}
	newVerifier(t, good)
	for _, change := range []func(*auth.Options){
		func(o *auth.Options) { o.SecretEncoding = "hex" },
		func(o *auth.Options) { o.PublicKey = []byte("x") },
		func(o *auth.Options) { o.JWKSURL = "http://issuer.example" },
	} {
		bad := good
		change(&bad)
		v, err := auth.New(bad)
		require.Error(t, err)
		assert.Nil(t, v)
	}
}
