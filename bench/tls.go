package bench

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS says whom to trust where the server speaks TLS.
type TLS struct {
	CA       string `name:"tls-ca" help:"Trust the certificates of this PEM file, instead of those of the system." placeholder:"FILE"`
	Insecure bool   `name:"tls-insecure" help:"Trust any certificate."`
}

// security is whom to trust. It travels as JSON and does not change.
type security struct {
	ServerName string // that the certificate must have
	CA         []byte // PEM; nil: the system's
	Insecure   bool
}

// security reads the files.
func (t *TLS) security() (s security, err error) {
	s.Insecure = t.Insecure
	if t.CA == "" {
		return s, nil
	}
	if s.CA, err = os.ReadFile(t.CA); err != nil {
		return s, fmt.Errorf("bench: reading tls-ca: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(s.CA) {
		return s, fmt.Errorf("%w: %s has no certificate in PEM", ErrOption, t.CA)
	}
	return s, nil
}

// config returns what all sockets share. Sessions are not resumed: each connection
// costs the server a whole handshake.
func (s *security) config() *tls.Config {
	config := &tls.Config{
		ServerName:                  s.ServerName,
		InsecureSkipVerify:          s.Insecure,
		DynamicRecordSizingDisabled: true,
	}
	if s.CA != nil {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(s.CA) // which security has tried
	}
	return config
}
