package auth

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/bytedance/sonic"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/codec"
)

// claims are the ones that are looked at, beside all of them as they stand.
type claims struct {
	jwt.RegisteredClaims
	Subject   json.RawMessage `json:"sub"`
	ExpiresAt date            `json:"exp"`
	NotBefore date            `json:"nbf"`
	IssuedAt  date            `json:"iat"`
	raw       []byte
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

// date is a time as claims have it: seconds since 1970, with or without a
// fraction. jwt.NumericDate would turn a number that is too large into another
// time, at which the token may be valid. A pointer would take null for no claim,
// and a token whose issuer knew no end for one that never ends.
type date struct {
	time.Time
	given bool // the token has the claim
}

// maxSeconds is the largest date, before and after 1970: floating point counts
// whole seconds so far, and its milliseconds fit into 64 bits.
const maxSeconds = 1 << 53

// UnmarshalJSON reads a JSON value, which has to be a number.
func (d *date) UnmarshalJSON(raw []byte) error {
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(seconds) > maxSeconds {
		return ErrInvalid
	}
	d.Time, d.given = time.UnixMilli(int64(seconds*1000)), true
	return nil
}

// rules are what claims have to meet.
type rules struct {
	issuer   string   // empty: any
	audience []string // one of these; none: any
	leeway   time.Duration
}

// check returns the first rule that the claims break, an *Error.
func (r *rules) check(c *claims, now time.Time) error {
	switch {
	case c.ExpiresAt.given && !now.Before(c.ExpiresAt.Add(r.leeway)):
		return ErrExpired
	case c.NotBefore.given && now.Before(c.NotBefore.Add(-r.leeway)):
		return ErrNotYetValid
	case r.issuer != "" && c.Issuer != r.issuer:
		return ErrWrongIssuer
	case len(r.audience) > 0 && !slices.ContainsFunc(c.Audience, r.isMeant):
		return ErrWrongAudience
	}
	return nil
}

func (r *rules) isMeant(audience string) bool { return slices.Contains(r.audience, audience) }

// Identity is who a token says its bearer is.
type Identity struct {
	Subject     string    // sub as text: 5 and "5" are the same user
	SubjectJSON []byte    // sub as it stands in the token: a JSON number or string
	Claims      []byte    // all claims, a JSON object
	Expires     time.Time // when the token ceases to be accepted: exp and the leeway; zero: never
}

// identity returns whom the claims name.
func (r *rules) identity(c *claims) (Identity, error) {
	subject, ok := SubjectText(c.Subject)
	if !ok {
		return Identity{}, ErrNoSubject
	}
	identity := Identity{Subject: subject, SubjectJSON: c.Subject, Claims: c.raw}
	if c.ExpiresAt.given {
		identity.Expires = c.ExpiresAt.Add(r.leeway)
	}
	return identity, nil
}
