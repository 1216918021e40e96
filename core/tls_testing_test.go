package core_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// What the tests of TLS share: certificates, servers that have one, and clients that
// trust it.

// certificateFor returns a certificate for localhost, with a number to know it by,
// and a configuration of clients that trust it alone.
func certificateFor(t testing.TB, number int64) (tls.Certificate, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// withTLS adds a listener for TLS to a server's options, and returns the
// configuration of clients that trust it.
func withTLS(t testing.TB, options *core.Options) *tls.Config {
	t.Helper()
	certificate, trusting := certificateFor(t, 1)
	options.TLSAddr = "127.0.0.1:0"
	options.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	return trusting
}

// startTLS runs a server with a listener for TLS until the test ends.
func startTLS(t testing.TB, options core.Options, prepare ...func(*core.Server)) (*core.Server, *tls.Config) {
	t.Helper()
	trusting := withTLS(t, &options)
	return start(t, options, prepare...), trusting
}

// connectTLS opens a client over TLS, with a query if it is given.
func connectTLS(t testing.TB, server *core.Server, config *tls.Config, query ...string) *client {
	t.Helper()
	address := "wss://" + server.TLSAddr().String() + server.Options().Path
	if len(query) > 0 {
		address += "?" + query[0]
	}
	c, err := dial(t, address, withTLSConfig(config))
	require.NoError(t, err)
	return c
}

// rawTLS opens a TCP connection to the server's listener for TLS.
func rawTLS(t testing.TB, server *core.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.TLSAddr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// openTLS upgrades a connection to the listener for TLS by hand.
func openTLS(t *testing.T, server *core.Server, config *tls.Config) (*wirePeer, *tls.Conn) {
	t.Helper()
	conn := tls.Client(rawTLS(t, server), config)
	p := &wirePeer{t, conn, bufio.NewReader(conn)}
	p.write(wireRequest(server.Options().Path))
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	return p, conn
}

// sendsNothingMore reads to the end of a connection, which the server closes.
func sendsNothingMore(t testing.TB, conn net.Conn) {
	t.Helper()
	buffer := make([]byte, 1<<10)
	for {
		if _, err := conn.Read(buffer); err != nil {
			require.NotErrorIs(t, err, errTimedOut, "the server does not close")
			return
		}
	}
}

// withTLSConfig is a change of dial.
func withTLSConfig(config *tls.Config) func(*gws.ClientOption) {
	return func(o *gws.ClientOption) { o.TlsConfig = config }
}
