package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Options say which tokens a Verifier accepts. At least one source of keys is
// needed; with several, a token's alg and kid tell which keys it is checked
// with.
type Options struct {
	// Secret is the key of HS256, HS384 and HS512 tokens. A public key or
	// certificate is refused. Empty: such tokens are refused.
	Secret string
	// SecretEncoding says what Secret is. PXL decodes its jwtSecretKey as
	// base64url before use.
	SecretEncoding Encoding
	// PublicKey holds PEM blocks, each a public key or a certificate, at most
	// 100: RSA of 2048 to 8192 bits for RS256, RS384, RS512, PS256, PS384 and
	// PS512; ECDSA P-256 for ES256, P-384 for ES384, P-521 for ES512; Ed25519
	// for EdDSA. Each key checks tokens of any kid. A certificate's dates and
	// issuer do not count.
	PublicKey []byte

	// JWKSURL is where the issuer publishes its public keys, as a JSON Web Key
	// Set: https, or http on this machine. It is read in the background from
	// the start on, at most 1 MiB, in at most 5 s. The first 100 keys that are
	// for signatures and of the types that PublicKey may have are taken, others
	// are ignored. While the URL is away the keys that it had stay in use.
	JWKSURL string
	// JWKSRefresh is the time after which the keys are read again: a key that
	// the issuer takes back is accepted that long. It is at least 1 s; 0 means
	// 1 h. A token with an unknown key has them read at once, so that a new key
	// works at once, but not twice in 10 s. After a failure it is tried again
	// in 10 s.
	JWKSRefresh time.Duration

	// Issuer is the iss that tokens must have. Empty: any or none.
	Issuer string
	// Audience holds the aud of which tokens must have one. Empty: any or none.
	Audience []string
	// Leeway is how much the clocks of issuer and server may differ: tokens are
	// accepted that long before nbf and after exp. At most 10 minutes.
	Leeway time.Duration

	// Log is told when the JWKS URL goes away and comes back. Nil:
	// slog.Default().
	Log *slog.Logger
}

const (
	defaultJWKSRefresh = time.Hour
	minJWKSRefresh     = time.Second
	maxLeeway          = 10 * time.Minute
)

var errNoKeys = errors.New("there is no key to check tokens with: set jwt-secret, jwt-public-key-file or jwt-jwks-url")

// populate gives the fields that are zero their defaults.
func (o *Options) populate() {
	if o.JWKSRefresh == 0 {
		o.JWKSRefresh = defaultJWKSRefresh
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// validate returns a sentence for the first option that cannot be, beside those
// of the keys.
func (o *Options) validate() error {
	switch {
	case o.Secret == "" && len(o.PublicKey) == 0 && o.JWKSURL == "":
		return errNoKeys
	case o.JWKSRefresh < minJWKSRefresh:
		return fmt.Errorf("jwt-jwks-refresh is %s: it must be at least %s", o.JWKSRefresh, minJWKSRefresh)
	case o.Leeway < 0 || o.Leeway > maxLeeway:
		return fmt.Errorf("jwt-leeway is %s: it must be 0s to %s", o.Leeway, maxLeeway)
	case slices.Contains(o.Audience, ""):
		return errors.New("jwt-audience has an empty entry: tokens without an audience would not match it either")
	}
	return nil
}
