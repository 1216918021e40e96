package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const pemBegin = "-----BEGIN "

// pemKeys returns the keys of a PEM file: one for each block, which is a public
// key or a certificate. Of a certificate only the key counts, not its dates or
// who issued it.
func pemKeys(file []byte) ([]key, error) {
	var keys []key
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		material, err := decodeBlock(block)
		if err != nil {
			return nil, err
		}
		k, err := publicKey(material)
		if err != nil {
			return nil, fmt.Errorf("jwt-public-key-file holds %w", err)
		}
		keys = append(keys, k)
	}
	begun := bytes.Count(file, []byte(pemBegin))
	switch {
	case begun == 0:
		return nil, errors.New("jwt-public-key-file holds no PEM block: it must begin with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----")
	case begun != len(keys):
		return nil, fmt.Errorf("jwt-public-key-file holds %d PEM blocks, of which only %d can be read", begun, len(keys))
	case begun > maxKeys:
		return nil, fmt.Errorf("jwt-public-key-file holds %d keys: at most %d are possible", begun, maxKeys)
	}
	return keys, nil
}

func decodeBlock(block *pem.Block) (material any, err error) {
	switch block.Type {
	case "PUBLIC KEY":
		material, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		material, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			material = certificate.PublicKey
		}
	default:
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return nil, errors.New("jwt-public-key-file holds a private key: keep it where tokens are made, and give the public one here")
		}
		return nil, fmt.Errorf("jwt-public-key-file holds a PEM block of type %q: it must be PUBLIC KEY or CERTIFICATE", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("jwt-public-key-file holds a PEM block %q that cannot be read: %w", block.Type, err)
	}
	return material, nil
}
