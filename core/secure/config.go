package secure

import (
	"crypto/tls"
	"slices"
	"time"
)

// Config returns a copy of a configuration as the connections of event loops need it:
// HTTP/1.1 is what they speak (ALPN), and nothing older than TLS 1.2. It is to be
// shared by all connections of a server, so that sessions can be resumed: crypto/tls
// keeps and renews the key of their tickets within it.
func Config(config *tls.Config) *tls.Config {
	c := config.Clone()
	c.NextProtos = []string{"http/1.1"}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	// Small records at first would save nothing: messages mostly are smaller still,
	// and each record that is not needed costs.
	c.DynamicRecordSizingDisabled = true
	return c
}

// Expires returns when the certificate ends that a client without wishes is shown,
// and false where nobody can say: without one, or where functions choose it.
func Expires(config *tls.Config) (at time.Time, known bool) {
	certificate := firstCertificate(config)
	if certificate == nil || certificate.Leaf == nil {
		return time.Time{}, false
	}
	return certificate.Leaf.NotAfter, true
}

func firstCertificate(config *tls.Config) *tls.Certificate {
	if config.GetCertificate != nil {
		hello := &tls.ClientHelloInfo{SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12}}
		if certificate, err := config.GetCertificate(hello); err == nil && certificate != nil {
			return certificate
		}
	}
	if i := slices.IndexFunc(config.Certificates, func(c tls.Certificate) bool { return c.Leaf != nil }); i >= 0 {
		return &config.Certificates[i]
	}
	return nil
}
