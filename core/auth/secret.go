package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Encoding says how a secret is written.
type Encoding string

// The encodings.
const (
	Raw       Encoding = "raw"       // the secret's bytes themselves
	Base64URL Encoding = "base64url" // as PXL reads its jwtSecretKey; padding is optional
)

// LeastSecret is the length in bytes that the key of HS256 tokens has at least, RFC 7518
// section 3.2; those of HS384 and HS512 need more. A shorter one is accepted, and whoever
// has a token of it can try keys until one made its signature.
const LeastSecret = 32

// SecretSize returns the length in bytes of the key that a secret is.
func SecretSize(secret string, encoding Encoding) (int, error) {
	material, err := decodeSecret(secret, encoding)
	return len(material), err
}

// secretKey returns the key that a secret is. The secret never stands in the
// error.
func secretKey(secret string, encoding Encoding) (key, error) {
	material, err := decodeSecret(secret, encoding)
	switch {
	case err != nil:
		return key{}, err
	case len(material) == 0:
		return key{}, errors.New("jwt-secret is empty")
	case isKeyFile(material):
		return key{}, errors.New("jwt-secret is a key or certificate in PEM, DER or JWK form: a public key belongs in jwt-public-key-file")
	}
	return key{algorithms: hmacAlgorithms, material: material}, nil
}

func decodeSecret(secret string, encoding Encoding) ([]byte, error) {
	switch encoding {
	case Raw:
		return []byte(secret), nil
	case Base64URL:
		material, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(secret, "="))
		if err != nil {
			return nil, fmt.Errorf("jwt-secret is not base64url, as jwt-secret-encoding says: %w", err)
		}
		return material, nil
	}
	return nil, fmt.Errorf("jwt-secret-encoding is %q: it is raw or base64url", encoding)
}

// isKeyFile reports whether a secret is a key of another type, most likely a
// public one: whoever has that, which is everybody, could sign tokens.
func isKeyFile(material []byte) bool {
	var jwk struct {
		Type string `json:"kty"`
	}
	if bytes.Contains(material, []byte(pemBegin)) || json.Unmarshal(material, &jwk) == nil && jwk.Type != "" {
		return true
	}
	_, err := x509.ParsePKIXPublicKey(material)
	if err != nil {
		_, err = x509.ParsePKCS1PublicKey(material)
	}
	if err != nil {
		_, err = x509.ParseCertificate(material)
	}
	return err == nil
}
