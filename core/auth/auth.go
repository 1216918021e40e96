// Package auth checks the tokens with which clients say who they are.
package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bytedance/sonic"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/codec"
)

// Encoding says how a secret is written.
type Encoding string

// The encodings.
const (
	Raw       Encoding = "raw"       // the secret's bytes themselves
	Base64URL Encoding = "base64url" // as PXL reads its jwtSecretKey; padding is optional
)

// Error is why a token was refused, as the client is told.
type Error struct {
	Code string // upper snake
	Text string
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Why tokens are refused.
var (
	ErrMissing     = &Error{"TOKEN_REQUIRED", "Token required"}
	ErrNoKey       = &Error{"TOKEN_NOT_ACCEPTED", "This server does not accept tokens"}
	ErrExpired     = &Error{"TOKEN_EXPIRED", "Token expired"}
	ErrNotYetValid = &Error{"TOKEN_NOT_YET_VALID", "Token not yet valid"}
	ErrNoSubject   = &Error{"TOKEN_WITHOUT_SUBJECT", "Token has no subject"}
	ErrInvalid     = &Error{"TOKEN_INVALID", "Invalid token"}
)

// Identity is who a token says its bearer is.
type Identity struct {
	Subject     string // sub as text: 5 and "5" are the same user
	SubjectJSON []byte // sub as it stands in the token: a JSON number or string
	Claims      []byte // all claims, a JSON object
}

// Verifier checks tokens. Any goroutine may use it, an event loop too: HS256
// takes microseconds.
type Verifier struct {
	key    []byte
	parser *jwt.Parser
}

// NewVerifier returns a verifier of HS256 tokens that were signed with secret.
func NewVerifier(secret string, encoding Encoding) (*Verifier, error) {
	key, err := decodeSecret(secret, encoding)
	if err != nil {
		return nil, err
	}
	if len(key) == 0 {
		return nil, errors.New("jwt-secret is empty")
	}
	return &Verifier{
		key:    key,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithStrictDecoding()),
	}, nil
}

func decodeSecret(secret string, encoding Encoding) ([]byte, error) {
	switch encoding {
	case Raw:
		return []byte(secret), nil
	case Base64URL:
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(secret, "="))
		if err != nil {
			return nil, fmt.Errorf("jwt-secret is not base64url, as jwt-secret-encoding says: %w", err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("jwt-secret-encoding is %q: it is raw or base64url", encoding)
}

// claims are the ones that are looked at, beside all of them as they stand.
type claims struct {
	jwt.RegisteredClaims
	Subject json.RawMessage `json:"sub"`
	raw     []byte
}

// claimsAPI tells upper from lower case in the names of claims, RFC 7519 section
// 10.1.1, which encoding/json does not.
var claimsAPI = sonic.Config{CopyString: true, CaseSensitive: true}.Froze()

// UnmarshalJSON keeps the claims as they stand in the token. They are handed on
// to clients, so they are held to the standard.
func (c *claims) UnmarshalJSON(raw []byte) error {
	type plain claims
	if !codec.ValidJSON(raw) {
		return ErrInvalid
	}
	if err := claimsAPI.Unmarshal(raw, (*plain)(c)); err != nil {
		return err
	}
	c.raw = append([]byte(nil), raw...)
	return nil
}

// Verify returns who the token's bearer is, or an *Error.
func (v *Verifier) Verify(token string) (Identity, error) {
	if strings.ContainsAny(token, "\r\n") {
		return Identity{}, ErrInvalid // base64 would skip them
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, v.keyFor)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Identity{}, ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return Identity{}, ErrNotYetValid
	case err != nil:
		return Identity{}, ErrInvalid
	}
	subject, ok := SubjectText(c.Subject)
	if !ok {
		return Identity{}, ErrNoSubject
	}
	return Identity{Subject: subject, SubjectJSON: c.Subject, Claims: c.raw}, nil
}

// keyFor returns the key for a token. Extensions that a token says must be
// understood are not, RFC 7515 section 4.1.11.
func (v *Verifier) keyFor(token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical {
		return nil, ErrInvalid
	}
	return v.key, nil
}

// SubjectText returns the text of a subject that JSON holds as a string or as a
// number, in one spelling. It is the key by which users are found.
func SubjectText(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] == '"' {
		err := json.Unmarshal(raw, &text)
		// Half a surrogate pair decodes to U+FFFD, and so would others: two
		// subjects must not become one user.
		return text, err == nil && text != "" && !strings.ContainsRune(text, utf8.RuneError)
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil || number == "" {
		return "", false
	}
	return numberText(number.String())
}

// numberText is a number in one spelling, so that 100 and 1e2 are one user, as
// they are to JavaScript. Whole numbers stay as they are, however large.
func numberText(number string) (text string, ok bool) {
	if !strings.ContainsAny(number, ".eE") && number != "-0" {
		return number, true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "", false
	}
	if f == 0 {
		return "0", true // not "-0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64), true
}
