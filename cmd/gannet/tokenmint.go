package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/core/auth"
)

// tokenMint is gannet token mint.
type tokenMint struct {
	Sub   string        `required:"" help:"Whom the token is for (sub): a number as PXL has them, or any text. In quotes, a number is a text, too." placeholder:"USER"`
	Claim []string      `sep:"none" help:"One more claim. A value that is JSON is taken as it is, others are texts." placeholder:"NAME=VALUE"`
	TTL   time.Duration `name:"ttl" default:"1h" help:"Time for which the token is valid, from now on; negative: for ever."`

	JWTSecretFile     string        `name:"jwt-secret-file" help:"File that holds the secret." placeholder:"FILE"`
	JWTSecretEncoding auth.Encoding `name:"jwt-secret-encoding" enum:"raw,base64url" default:"raw" help:"How the secret is written: raw (its bytes) or base64url (as PXL reads its jwtSecretKey)."`
	PrivateKeyFile    string        `help:"PEM file of the private key: RSA, ECDSA or Ed25519." placeholder:"FILE"`
	Algorithm         string        `help:"Algorithm of the signature, one that the key is right for. Default: HS256, RS256, that of the curve, or EdDSA." placeholder:"ALG"`
	KeyID             string        `name:"key-id" help:"Id of the key (kid) that the token names." placeholder:"ID"`
}

// Run prints the token.
func (m *tokenMint) Run(out io.Writer) error {
	signer, err := m.signer()
	if err != nil {
		return err
	}
	claims, err := m.claims(time.Now())
	if err != nil {
		return err
	}
	token, err := signer.Sign(claims)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

// signer returns what signs the token.
func (m *tokenMint) signer() (*auth.Signer, error) {
	options := auth.SignerOptions{SecretEncoding: m.JWTSecretEncoding, Algorithm: m.Algorithm, KeyID: m.KeyID}
	switch {
	case (m.JWTSecretFile == "") == (m.PrivateKeyFile == ""):
		return nil, errors.New("a token is signed with one key: say either jwt-secret-file or private-key-file")
	case m.JWTSecretFile != "":
		if err := readSecret("jwt-secret", &options.Secret, m.JWTSecretFile); err != nil {
			return nil, err
		}
	default:
		var err error
		if options.PrivateKey, err = os.ReadFile(m.PrivateKeyFile); err != nil {
			return nil, fmt.Errorf("cannot read private-key-file: %w", err)
		}
	}
	return auth.NewSigner(options)
}

// claimList is a JSON object that is written member by member.
type claimList struct {
	names []string
	json  bytes.Buffer
}

func (l *claimList) add(name string, value []byte) error {
	if slices.Contains(l.names, name) {
		return fmt.Errorf("there are two claims %q", name)
	}
	separator := byte('{')
	if len(l.names) > 0 {
		separator = ','
	}
	l.names = append(l.names, name)
	l.json.WriteByte(separator)
	l.json.Write(jsonText(name))
	l.json.WriteByte(':')
	l.json.Write(value)
	return nil
}

// claims returns the claims of a token that is made at a time, a JSON object.
func (m *tokenMint) claims(now time.Time) ([]byte, error) {
	subject := subjectOf(m.Sub)
	if _, ok := auth.SubjectText(subject); !ok {
		return nil, fmt.Errorf("%q cannot be a subject", m.Sub)
	}
	var list claimList
	_ = list.add("sub", subject) // the first
	for _, claim := range m.Claim {
		name, value, ok := strings.Cut(claim, "=")
		switch {
		case !ok || name == "":
			return nil, fmt.Errorf("the claim %q has not the form NAME=VALUE", claim)
		case name == "iat" || name == "exp":
			return nil, fmt.Errorf("the claim %s comes from the clock and ttl", name)
		}
		if err := list.add(name, claimValue(value)); err != nil {
			return nil, err
		}
	}
	_ = list.add("iat", fmt.Append(nil, now.Unix()))
	if m.TTL > 0 {
		_ = list.add("exp", fmt.Append(nil, now.Add(m.TTL).Unix()))
	}
	return append(list.json.Bytes(), '}'), nil
}

var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// subjectOf returns a subject in JSON: a whole number or a JSON string as it is, and
// else a text, which many ids that look like numbers are.
func subjectOf(text string) json.RawMessage {
	if wholeNumber.MatchString(text) || strings.HasPrefix(text, `"`) && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return jsonText(text)
}

// claimValue returns the value of a claim in JSON.
func claimValue(text string) []byte {
	if json.Valid([]byte(text)) {
		return []byte(text)
	}
	return jsonText(text)
}

func jsonText(text string) []byte {
	quoted, _ := json.Marshal(text) // a string cannot fail
	return quoted
}
