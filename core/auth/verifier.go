// Package auth checks the tokens with which clients say who they are.
package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Verifier checks tokens. Any goroutine may use it; Inline says which tokens an
// event loop may have checked.
type Verifier struct {
	keys   *keyring // the secret and those of the PEM file
	jwks   *jwks    // nil: there is no URL
	rules  rules
	parser *jwt.Parser
}

// New returns a verifier. It does not wait for the JWKS URL. The error is a
// sentence for the person who chose the options, and holds no secret.
func New(options Options) (*Verifier, error) {
	options.populate()
	if err := options.validate(); err != nil {
		return nil, err
	}
	keys, err := givenKeys(&options)
	if err != nil {
		return nil, err
	}
	v := &Verifier{
		keys:   newKeyring(keys),
		rules:  rules{issuer: options.Issuer, audience: slices.Clone(options.Audience), leeway: options.Leeway},
		parser: jwt.NewParser(jwt.WithStrictDecoding()),
	}
	if options.JWKSURL == "" {
		return v, nil
	}
	source, err := newSource(options.JWKSURL)
	if err != nil {
		return nil, err
	}
	v.jwks = startJWKS(source, options.JWKSRefresh, options.Log)
	return v, nil
}

// Check returns the error that New would, and does nothing else.
func (o Options) Check() error {
	o.populate()
	if err := o.validate(); err != nil {
		return err
	}
	if _, err := givenKeys(&o); err != nil {
		return err
	}
	if o.JWKSURL == "" {
		return nil
	}
	_, err := newSource(o.JWKSURL)
	return err
}

// givenKeys returns the keys that the options hold themselves.
func givenKeys(options *Options) (keys []key, err error) {
	if len(options.PublicKey) > 0 {
		if keys, err = pemKeys(options.PublicKey); err != nil {
			return nil, err
		}
	}
	if options.Secret == "" {
		return keys, nil
	}
	secret, err := secretKey(options.Secret, options.SecretEncoding)
	return append(keys, secret), err
}

// Close ends the reading of the JWKS URL and waits for its end. Tokens are
// checked with the keys that are known, from then on.
func (v *Verifier) Close() {
	if v.jwks != nil {
		v.jwks.close()
	}
}

// Verify returns who the token's bearer is, or an *Error. The token must not
// change until it returns; nothing of it is kept. A token with an unknown key
// can wait for the JWKS URL, 5 s and no longer than ctx; any other is checked
// without waiting.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	if strings.ContainsAny(token, "\r\n") {
		return Identity{}, ErrInvalid // base64 would skip them
	}
	var c claims
	parsed, parts, err := v.parser.ParseUnverified(token, &c)
	if err != nil {
		return Identity{}, ErrInvalid
	}
	text := token[:len(parts[0])+1+len(parts[1])]
	if err := v.checkSignature(ctx, parsed, text); err != nil {
		return Identity{}, err
	}
	if err := v.rules.check(&c, time.Now()); err != nil {
		return Identity{}, err
	}
	return v.rules.identity(&c)
}

// checkSignature returns nil if a key that is right for the token made its
// signature of the text. Extensions that a token says must be understood are
// not, RFC 7515 section 4.1.11.
func (v *Verifier) checkSignature(ctx context.Context, token *jwt.Token, text string) error {
	if _, critical := token.Header["crit"]; critical {
		return ErrInvalid
	}
	if v.keys.signed(token, text) {
		return nil
	}
	if v.jwks == nil || !slices.Contains(publicAlgorithms, token.Method.Alg()) {
		return ErrInvalid
	}
	return v.jwks.checkSignature(ctx, token, text)
}

// Inline reports whether checking the token takes microseconds and never waits,
// so that an event loop may do it: it has the secret's algorithm, or one that
// there is no key for, and is refused. Public keys take up to a millisecond, and
// those of the JWKS URL may have to be read.
func (v *Verifier) Inline(token string) bool {
	if v.jwks == nil && !v.keys.public {
		return true
	}
	algorithm := algorithmOf(token)
	if !slices.Contains(publicAlgorithms, algorithm) {
		return true
	}
	return v.jwks == nil && !v.keys.checks(algorithm)
}

// algorithmOf returns the alg of a token's header, read as Verify does; empty if
// Verify cannot read it.
func algorithmOf(token string) string {
	encoded, _, _ := strings.Cut(token, ".")
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return ""
	}
	var header map[string]any // a struct would take "Alg" for alg
	if json.Unmarshal(decoded, &header) != nil {
		return ""
	}
	algorithm, _ := header["alg"].(string)
	return algorithm
}

// Stats are what has become of the JWKS URL since New; all zero without one.
type Stats struct {
	Refreshes uint64 // times that its keys were read
	Failures  uint64 // times that they could not be
	Failing   bool   // the last attempt failed
	Keys      int    // of it that are in use
	Ignored   int    // that are not: for other purposes, of other types, broken, or too many
}

// Stats returns them.
func (v *Verifier) Stats() Stats {
	if v.jwks == nil {
		return Stats{}
	}
	return v.jwks.stats()
}
