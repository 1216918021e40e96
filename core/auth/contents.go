package auth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Contents are what stands in a token. Whoever made it wrote it, and nothing of it
// has been checked.
type Contents struct {
	Header, Claims json.RawMessage // JSON objects
	// IssuedAt, NotBefore and ExpiresAt are the claims iat, nbf and exp, zero
	// where there is none or it is no date.
	IssuedAt, NotBefore, ExpiresAt time.Time
}

// Read returns what stands in a token, or an error that says why it is none.
func Read(token string) (Contents, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Contents{}, fmt.Errorf("it is not a token: it has %d parts in place of 3 with dots between them", len(parts))
	}
	var c Contents
	for i, part := range []struct {
		name string
		into *json.RawMessage
	}{{"header", &c.Header}, {"claims", &c.Claims}} {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return Contents{}, fmt.Errorf("it is not a token: its %s cannot be read: %w", part.name, err)
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil || object == nil {
			return Contents{}, fmt.Errorf("it is not a token: there is no JSON object in its %s", part.name)
		}
		*part.into = raw
		if i == 1 {
			c.IssuedAt, c.NotBefore, c.ExpiresAt = timeOf(object["iat"]), timeOf(object["nbf"]), timeOf(object["exp"])
		}
	}
	return c, nil
}

func timeOf(claim json.RawMessage) time.Time {
	var d date
	if len(claim) == 0 || d.UnmarshalJSON(claim) != nil {
		return time.Time{}
	}
	return d.Time
}

// Explain says in words for an operator what is wrong with a token that Verify
// refuses with ErrInvalid. Clients are not told, who might be guessing.
func (v *Verifier) Explain(token string) string {
	if strings.ContainsAny(token, "\r\n") {
		return "there is a line break in it"
	}
	var c claims
	parsed, _, err := v.parser.ParseUnverified(token, &c)
	if err != nil {
		return err.Error()
	}
	algorithm := parsed.Method.Alg()
	ring := v.keys
	if v.jwks != nil && !ring.checks(algorithm) {
		ring = v.jwks.ring.Load()
	}
	_, critical := parsed.Header["crit"]
	switch {
	case critical:
		return "its header demands extensions (crit), of which none is known"
	case !ring.checks(algorithm):
		return "there is no key for its algorithm, " + algorithm
	case !ring.knows(algorithm, keyID(parsed)):
		return fmt.Sprintf("there is no key for its algorithm, %s, with its kid, %q", algorithm, keyID(parsed))
	}
	return "none of the keys for its algorithm, " + algorithm + ", made its signature"
}

// knows reports whether a key for an algorithm checks tokens of a kid.
func (r *keyring) knows(algorithm, id string) bool {
	for _, k := range r.keys[algorithm] {
		if id == "" || k.id == "" || k.id == id {
			return true
		}
	}
	return false
}
