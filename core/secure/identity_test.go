package secure_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 15 * time.Second

// identity returns a certificate for localhost that ends at a time, and whom to
// trust to accept it.
func identity(t testing.TB, expires time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: expires, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// configs returns the configurations of a server and of its clients.
func configs(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	certificate, pool := identity(t, time.Now().Add(time.Hour))
	return &tls.Config{Certificates: []tls.Certificate{certificate}}, &tls.Config{RootCAs: pool, ServerName: "localhost"}
}
