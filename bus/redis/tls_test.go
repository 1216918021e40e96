package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// authority signs certificates, and writes them to files.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.make("authority", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// make makes a certificate for a name and writes NAME.pem and NAME.key. The first
// one signs itself.
func (a *authority) make(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template.SerialNumber, template.Subject = big.NewInt(1), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(a.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	a.write(name+".pem", "CERTIFICATE", raw)
	a.write(name+".key", "PRIVATE KEY", secret)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(a.t, err)
	return cert, key
}

func (a *authority) write(name, kind string, content []byte) {
	a.t.Helper()
	encoded := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	require.NoError(a.t, os.WriteFile(a.file(name), encoded, 0o600))
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// front listens with TLS in front of a Redis server, and asks for a certificate. It
// returns its address.
func (a *authority) front(server *redistest.Server) string {
	a.t.Helper()
	a.make("redis.example", &x509.Certificate{DNSNames: []string{"redis.example"}})
	own, err := tls.LoadX509KeyPair(a.file("redis.example.pem"), a.file("redis.example.key"))
	require.NoError(a.t, err)
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{own}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	require.NoError(a.t, err)
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wait.Go(func() { forward(conn, server.Addr) })
		}
	})
	a.t.Cleanup(wait.Wait)
	a.t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// forward copies what two sockets send each other, until one ends.
func forward(conn net.Conn, to string) {
	defer conn.Close()
	other, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer other.Close()
	go func() {
		defer other.Close()
		_, _ = io.Copy(other, conn)
	}()
	_, _ = io.Copy(conn, other)
}

func TestTLS_FilesAndName(t *testing.T) {
	a := newAuthority(t)
	a.make("node", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	address := a.front(redistest.Start(t))
	options := quickly("rediss://" + address)
	options.CAFile, options.TLSServerName = a.file("authority.pem"), "redis.example"
	options.CertFile, options.KeyFile = a.file("node.pem"), a.file("node.key")
	sender, receiver := join(t, 1, options), join(t, 2, options)
	receiver.enter("x")
	sender.fence(receiver)
	sender.Close()
	receiver.Close()

	for name, tt := range map[string]struct {
		ca, cert, host, why string
	}{
		"another authority": {"", "node", "redis.example", "certificate"},
		"no certificate":    {"authority", "", "redis.example", "certificate required"},
		"another name":      {"authority", "node", "other.example", "not other.example"},
		"its address":       {"authority", "node", "", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			options := quickly("rediss://" + address)
			options.TLSServerName = tt.host
			if tt.ca != "" {
				options.CAFile = a.file(tt.ca + ".pem")
			}
			if tt.cert != "" {
				options.CertFile, options.KeyFile = a.file(tt.cert+".pem"), a.file(tt.cert+".key")
			}
			m := join(t, 3, options)
			m.until(func() bool { return strings.Contains(m.Status().Problem, tt.why) }, "it is refused: "+m.Status().Problem)
			assert.False(t, m.Status().Connected)
			m.Close()
		})
	}
}
