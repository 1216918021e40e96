package core

import (
	"bytes"

	"github.com/gannet-ws/gannet/core/auth"
)

// Keys are those with which tokens are checked, beside the ones that
// Options.JWTJWKSURL has: the fields of Options that are named alike.
type Keys struct {
	Secret         string
	SecretEncoding auth.Encoding // empty: auth.Raw
	PublicKey      []byte        // PEM
}

// SetKeys has tokens checked with other keys from now on, also when the server is
// run again; Options goes on returning the old ones. Tokens whose check is under way
// are checked with either. Clients stay connected, whatever key their token was
// signed with. Keys with which no token could be checked are an error, a sentence
// for the person who chose them, and change nothing. PublicKey is copied.
func (s *Server) SetKeys(keys Keys) error {
	keys.PublicKey = bytes.Clone(keys.PublicKey)
	if keys.SecretEncoding == "" {
		keys.SecretEncoding = auth.Raw
	}
	options := s.options.withKeys(&keys).Auth()
	if err := options.Check(); err != nil {
		return err
	}
	s.keysMu.Lock()
	defer s.keysMu.Unlock()
	now := s.life.Load()
	next, err := rekeyed(now.verifier.Load(), options)
	if err != nil {
		return err
	}
	s.keys = &keys
	if next != nil {
		now.verifier.Store(next)
	}
	return nil
}

// rekeyed returns a verifier with the keys of options in the place of another. It
// returns nil where only Run can make one: it is the one to close it.
func rekeyed(verifier *auth.Verifier, options auth.Options) (*auth.Verifier, error) {
	switch {
	case verifier != nil:
		return verifier.WithKeys(options)
	case options.JWKSURL == "":
		return auth.New(options)
	}
	return nil, nil
}

// startVerifier makes what checks the tokens of a life, if there is a key, until
// the returned function is called.
func (s *Server) startVerifier(now *life) (stop func(), err error) {
	s.keysMu.Lock()
	defer s.keysMu.Unlock()
	verifier, err := s.options.withKeys(s.keys).verifier()
	if err != nil || verifier == nil {
		return func() {}, err
	}
	now.verifier.Store(verifier)
	return verifier.Close, nil
}

// withKeys returns a copy of the options with other keys, if there are any.
func (o *Options) withKeys(keys *Keys) *Options {
	c := *o
	if keys != nil {
		c.JWTSecret, c.JWTSecretEncoding, c.JWTPublicKey = keys.Secret, keys.SecretEncoding, keys.PublicKey
	}
	return &c
}
