package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// certificateLook is the time between two looks at whether the files of a
	// certificate have changed.
	certificateLook = 10 * time.Second
	// certificateSoon is how long before its end a certificate is warned of.
	certificateSoon = 14 * 24 * time.Hour
)

// certificate is a server's certificate and key in files, which may be replaced
// while it serves: connections that there are go on, and new ones see the new one.
// Any goroutine may use it.
type certificate struct {
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]

	mu                sync.Mutex
	certFile, keyFile string
	read              [2]os.FileInfo // the files when they were last read
	failed            bool           // reading them did
}

// loadCertificate reads a certificate, which must be good for its key.
func loadCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// config returns a configuration that shows the certificate that is current.
func (c *certificate) config() *tls.Config {
	return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil }}
}

// load reads the files, with the lock held unless nobody else knows the certificate
// yet. With an error it stays what it was.
func (c *certificate) load() error {
	c.read = c.look() // before they are read: a change meanwhile is seen next time
	loaded, err := readPair(c.certFile, c.keyFile)
	c.failed = err != nil
	if err != nil {
		return err
	}
	c.current.Store(&loaded)
	c.warn(loaded.Leaf.NotAfter)
	return nil
}

// readPair reads a certificate and its key.
func readPair(certFile, keyFile string) (pair tls.Certificate, err error) {
	certificate, err := os.ReadFile(certFile)
	if err != nil {
		err = fmt.Errorf("cannot read tls-cert: %w", err)
	}
	key, keyErr := os.ReadFile(keyFile)
	if keyErr != nil {
		err = errors.Join(err, fmt.Errorf("cannot read tls-key: %w", keyErr))
	}
	if err != nil {
		return pair, err
	}
	if pair, err = tls.X509KeyPair(certificate, key); err != nil {
		return pair, fmt.Errorf("cannot use tls-cert %s with tls-key %s: %w", certFile, keyFile, err)
	}
	return pair, nil
}

// warn logs that the certificate ends soon, or has.
func (c *certificate) warn(expires time.Time) {
	switch left := time.Until(expires); {
	case left <= 0:
		c.log.Error("the TLS certificate has expired", "file", c.certFile, "expired", expires)
	case left < certificateSoon:
		c.log.Warn("the TLS certificate expires soon", "file", c.certFile, "expires", expires)
	}
}

// look returns what the files are now, nil for one that cannot be looked at.
func (c *certificate) look() (files [2]os.FileInfo) {
	for i, name := range [2]string{c.certFile, c.keyFile} {
		files[i], _ = os.Stat(name) // reading it will say what is wrong
	}
	return files
}

// changed reports whether the files are not those that were read last.
func (c *certificate) changed() bool {
	for i, file := range c.look() {
		last := c.read[i]
		if (file == nil) != (last == nil) {
			return true
		}
		if file != nil && (!os.SameFile(file, last) || !file.ModTime().Equal(last.ModTime()) || file.Size() != last.Size()) {
			return true
		}
	}
	return false
}

// reload reads the files anew, if they have changed, and logs how that went.
func (c *certificate) reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.changed() {
		return
	}
	if err := c.load(); err != nil {
		c.log.Error("the TLS certificate stays as it was", "error", err)
		return
	}
	c.log.Info("the TLS certificate has been read anew", "file", c.certFile, "expires", c.current.Load().Leaf.NotAfter)
}

// take is the step of a reload: it reads the files that the settings name now.
func (c *certificate) take(next *serveCommand) (changed string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next.TLSCert == "" {
		return "", errors.New("TLS cannot be turned off without a restart: the certificate stays as it was")
	}
	if c.certFile == next.TLSCert && c.keyFile == next.TLSKey && !c.failed && !c.changed() {
		return "", nil
	}
	certFile, keyFile := c.certFile, c.keyFile
	c.certFile, c.keyFile = next.TLSCert, next.TLSKey
	if err := c.load(); err != nil {
		c.certFile, c.keyFile = certFile, keyFile
		return "", err
	}
	return "TLS certificate", nil
}

// watch reads the files anew when they have changed, until ctx ends.
func (c *certificate) watch(ctx context.Context) {
	look := time.NewTicker(certificateLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			c.reload()
		}
	}
}

// readCertificate gives the server its certificate, if there is one.
func (s *serveCommand) readCertificate() error {
	if s.TLSCert == "" && s.TLSKey == "" {
		return nil
	}
	if s.TLSCert == "" || s.TLSKey == "" {
		return errors.New("tls-cert and tls-key go together: set both")
	}
	var err error
	if s.certificate, err = loadCertificate(s.TLSCert, s.TLSKey, s.Server.Log); err != nil {
		return err
	}
	s.Server.TLSConfig = s.certificate.config()
	return nil
}
