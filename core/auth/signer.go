package auth

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// SignerOptions say what tokens are signed with: a secret or a private key.
type SignerOptions struct {
	// Secret is the key of HS256, HS384 and HS512 tokens, as in Options.
	Secret string
	// SecretEncoding says how Secret is written. Empty: Raw.
	SecretEncoding Encoding
	// PrivateKey holds one private key as a PEM block, PKCS #8, PKCS #1 or SEC 1,
	// of one of the types that Options.PublicKey may have.
	PrivateKey []byte
	// Algorithm is one that the key is right for, in the names of JWT. Empty:
	// HS256, RS256, the one of the key's curve, or EdDSA.
	Algorithm string
	// KeyID is the kid of the tokens. Empty: they have none.
	KeyID string
}

// Signer makes tokens. It does not change, and any goroutine may use it.
type Signer struct {
	method   jwt.SigningMethod
	material any    // []byte or a private key
	header   string // encoded
}

// NewSigner returns a signer. The error is a sentence for the person who chose the
// options, and holds nothing of the key.
func NewSigner(options SignerOptions) (*Signer, error) {
	k, material, err := options.key()
	if err != nil {
		return nil, err
	}
	algorithm := cmp.Or(options.Algorithm, k.algorithms[0])
	if !slices.Contains(k.algorithms, algorithm) {
		return nil, fmt.Errorf("the algorithm is %q: the key is for %s", algorithm, strings.Join(k.algorithms, ", "))
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		KeyID     string `json:"kid,omitempty"`
	}{algorithm, "JWT", options.KeyID})
	if err != nil {
		return nil, err
	}
	return &Signer{method: jwt.GetSigningMethod(algorithm), material: material, header: encodePart(header)}, nil
}

// key returns the key with which the tokens can be checked, and what signs them.
func (o *SignerOptions) key() (k key, material any, err error) {
	switch {
	case o.Secret != "" && len(o.PrivateKey) > 0:
		return key{}, nil, errors.New("there are a secret and a private key: a token is signed with one of them")
	case len(o.PrivateKey) > 0:
		return privateKey(o.PrivateKey)
	}
	k, err = secretKey(o.Secret, cmp.Or(o.SecretEncoding, Raw))
	return k, k.material, err
}

// Sign returns the token of claims, a JSON object, which it has as they stand.
func (s *Signer) Sign(claims []byte) (string, error) {
	if !json.Valid(claims) || claims[0] != '{' {
		return "", errors.New("the claims are not a JSON object")
	}
	text := s.header + "." + encodePart(claims)
	signature, err := s.method.Sign(text, s.material)
	if err != nil {
		return "", fmt.Errorf("cannot sign the token: %w", err)
	}
	return text + "." + encodePart(signature), nil
}

func encodePart(part []byte) string { return base64.RawURLEncoding.EncodeToString(part) }

// privateKey returns the private key of a PEM file, and the public one that
// belongs to it. The parameters of a curve may stand in front of it.
func privateKey(file []byte) (public key, private crypto.Signer, err error) {
	block, rest := pem.Decode(file)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, _ = pem.Decode(rest)
	}
	if block == nil {
		return key{}, nil, errors.New("private-key-file holds no PEM block: it must begin with -----BEGIN PRIVATE KEY-----")
	}
	material, err := decodePrivate(block)
	if err != nil {
		return key{}, nil, err
	}
	private, ok := material.(crypto.Signer)
	if !ok {
		return key{}, nil, fmt.Errorf("private-key-file holds a key of type %T: it must be RSA, ECDSA or Ed25519", material)
	}
	if public, err = publicKey(private.Public()); err != nil {
		return key{}, nil, fmt.Errorf("private-key-file holds %w", err)
	}
	return public, private, nil
}

func decodePrivate(block *pem.Block) (material any, err error) {
	switch block.Type {
	case "PRIVATE KEY":
		material, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		material, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		material, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("private-key-file holds a PEM block of type %q: it must be PRIVATE KEY, without a passphrase", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("private-key-file holds a PEM block %q that cannot be read: %w", block.Type, err)
	}
	return material, nil
}
