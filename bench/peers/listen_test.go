package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// writeIdentity writes a certificate and its key to files.
func writeIdentity(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: certificate}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		require.NoError(t, os.WriteFile(name, pem.EncodeToMemory(block), 0o600))
	}
	return certFile, keyFile
}

func TestTLS(t *testing.T) {
	certFile, keyFile := writeIdentity(t)
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, HandshakeTimeout: patience}
	for _, name := range []string{"gws", "gorilla"} {
		t.Run(name, func(t *testing.T) {
			addr := freeAddr(t)
			c := command(context.Background(), name, "--addr", addr, "--admin-addr", freeAddr(t), "--tls-cert", certFile, "--tls-key", keyFile)
			require.NoError(t, c.Start())
			t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
			var conn *websocket.Conn
			require.Eventually(t, func() (ok bool) {
				var err error
				conn, _, err = dialer.Dial("wss://"+addr+"/ws", nil)
				return err == nil
			}, patience, 5*time.Millisecond)
			defer conn.Close()
			require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("hello")))
			_, echoed, err := conn.ReadMessage()
			require.NoError(t, err)
			require.Equal(t, "hello", string(echoed))
		})
	}
}
