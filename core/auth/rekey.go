package auth

// WithKeys returns a verifier whose own keys are those of options, Secret and
// PublicKey, which may be none where there is a JWKS URL. All else is the
// verifier's, whose Close is for both: the keys of the URL are not read anew. Both
// can be used at the same time. The error is New's.
func (v *Verifier) WithKeys(options Options) (*Verifier, error) {
	keys, err := givenKeys(&options)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 && v.jwks == nil {
		return nil, errNoKeys
	}
	next := *v
	next.keys = newKeyring(keys)
	return &next, nil
}
