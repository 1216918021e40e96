package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS to Redis and to Sentinels is the same: with rediss:// it is as the options
// and the files that they name have it.

// secure sets the settings of TLS of a place, where it has any.
func (o *Options) secure(p *place) error {
	named := o.CAFile != "" || o.CertFile != "" || o.KeyFile != "" || o.TLSServerName != ""
	switch {
	case !p.secure && named:
		return errors.New("redis-ca-file, redis-cert-file, redis-key-file and redis-tls-server-name need a redis-url that begins with rediss")
	case !p.secure:
		return nil
	case o.TLS != nil && named:
		return errors.New("the TLS settings of Redis are given twice, as TLS and as files or a name: choose one")
	}
	settings := o.TLS
	if settings == nil {
		var err error
		if settings, err = o.readTLS(); err != nil {
			return err
		}
	}
	p.tls = settings
	if p.master != "" {
		p.sentinel.tls = settings
	}
	return nil
}

// readTLS makes the settings from the files.
func (o *Options) readTLS() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.TLSServerName}
	if o.CAFile != "" {
		authorities, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read redis-ca-file: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, fmt.Errorf("redis-ca-file %s has no certificates in PEM", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("redis-cert-file and redis-key-file need each other")
	}
	if o.CertFile != "" {
		own, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read redis-cert-file and redis-key-file: %w", err)
		}
		settings.Certificates = []tls.Certificate{own}
	}
	return settings, nil
}
