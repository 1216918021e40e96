package main

import (
	"fmt"
	"os"

	"github.com/gannet-ws/gannet/core"
)

// keyFiles are the files of the keys with which tokens are checked.
type keyFiles struct {
	JWTSecretFile    string `name:"jwt-secret-file" help:"File that holds the key of HS256, HS384 and HS512 tokens." placeholder:"FILE"`
	JWTPublicKeyFile string `name:"jwt-public-key-file" help:"PEM file with the public keys or certificates of RS, PS, ES and EdDSA tokens." placeholder:"FILE"`
}

// read puts the keys into a server's options.
func (k keyFiles) read(options *core.Options) (err error) {
	if path := k.JWTPublicKeyFile; path != "" {
		if options.JWTPublicKey, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("cannot read jwt-public-key-file: %w", err)
		}
	}
	return readSecret("jwt-secret", &options.JWTSecret, k.JWTSecretFile)
}

// keysOf returns the keys that a server's options have.
func keysOf(options *core.Options) core.Keys {
	return core.Keys{Secret: options.JWTSecret, SecretEncoding: options.JWTSecretEncoding, PublicKey: options.JWTPublicKey}
}
