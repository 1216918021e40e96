package siege_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/secure/byhand"
)

// Attacks on the TLS listener, while the witnesses use the plain one.
var withTLS = []attack{
	{
		name: "TLS: handshakes that are begun and left", fate: "closed at `--max-tls-handshakes`, or after `--handshake-timeout`", tls: true,
		flags: []string{"--handshake-timeout=2s"}, lasts: 4 * time.Second, attackers: 1,
		attack: func(a *attacker) {
			conn := a.dialTo(a.server.tls)
			if conn == nil {
				return
			}
			defer conn.Close()
			if _, err := conn.Write(clientHello); err != nil {
				return
			}
			buffer := make([]byte, 4096)
			for {
				if _, err := conn.Read(buffer); err != nil {
					return
				}
			}
		},
		check: refused("handshake_timeout", "tls_halted", "tls_busy"),
	},
	{
		name: "TLS: handshakes as fast as they go", fate: "served, on half of the CPUs", tls: true,
		lasts: 3 * time.Second, attackers: 40,
		attack: func(a *attacker) {
			conn := a.dialTo(a.server.tls)
			if conn == nil {
				return
			}
			defer conn.Close()
			_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(a.ctx)
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			assert.Greater(t, after.Accepted, before.Accepted+50)
		},
	},
	{
		name: "TLS: updates of keys, 14 for each byte of a message", fate: "1008 `rate limit`", tls: true,
		flags: []string{"--close-timeout=1s"}, lasts: 3 * time.Second, attackers: 20, attack: renewKeys, check: closed("rate_limit"),
	},
	{
		name: "TLS: garbage", fate: "closed", tls: true, lasts: 2 * time.Second, attackers: 20,
		attack: func(a *attacker) {
			conn := a.dialTo(a.server.tls)
			if conn == nil {
				return
			}
			defer conn.Close()
			garbage := make([]byte, 2048)
			_, _ = rand.Read(garbage)
			copy(garbage, []byte{22, 3, 1})
			_, _ = conn.Write(garbage)
			_, _ = conn.Read(garbage)
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			assert.Greater(t, after.Accepted, before.Accepted+50)
		},
	},
}

// renewKeys upgrades a connection, and then has the server renew its keys for ever,
// within a message that never ends.
func renewKeys(a *attacker) {
	conn := a.dialTo(a.server.tls)
	if conn == nil {
		return
	}
	var log bytes.Buffer
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &log})
	if client.HandshakeContext(a.ctx) != nil {
		_ = conn.Close()
		return
	}
	keys, err := byhand.New(log.String(), "CLIENT_TRAFFIC_SECRET_0")
	if err != nil {
		panic(err) // there is no TLS 1.3
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }() // the answers
	data := func(content []byte) []byte { return keys.Record(byhand.Data, content) }
	begin := slices.Concat(data(request("siege", "/ws", "")), data(announce(0x82, 64<<10)))
	a.untilClosed(&peer{conn: conn}, func() []byte {
		records := begin
		for range 14 {
			update, err := keys.Update(true)
			if err != nil {
				panic(err)
			}
			records = append(records, update...)
		}
		begin = nil
		return append(records, data([]byte{0})...)
	})
}

// clientHello is the first message of a handshake.
var clientHello = func() []byte {
	near, far := net.Pipe()
	hello := make([]byte, 16<<10)
	read := make(chan int)
	go func() {
		n, _ := far.Read(hello)
		_ = far.Close()
		read <- n
	}()
	_ = tls.Client(near, &tls.Config{InsecureSkipVerify: true}).Handshake()
	return hello[:<-read]
}()

// selfSigned returns the files of a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(90 * 24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	certificate, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return certificate, key
}
