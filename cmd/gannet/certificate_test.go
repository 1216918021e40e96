package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// identity is a certificate in files.
type identity struct{ certFile, keyFile string }

func newIdentity(t testing.TB) identity {
	folder := t.TempDir()
	return identity{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
}

// write writes a new certificate with a number to know it by, and its key, in the
// places of those that are there.
func (i identity) write(t testing.TB, number int64, expires time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(number), DNSNames: []string{"localhost"}, NotAfter: expires}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	replace(t, i.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	replace(t, i.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// replace puts another file in the place of one.
func replace(t testing.TB, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(name+".new", content, 0o600))
	require.NoError(t, os.Rename(name+".new", name))
}

// shown returns the number of the certificate that a server shows.
func shown(t testing.TB, url string) int64 {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "wss://"), "/")
	conn, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificate_IsReadAnew(t *testing.T) {
	files := newIdentity(t)
	files.write(t, 1, time.Now().Add(time.Hour*24*365))
	var log bytes.Buffer
	c, err := loadCertificate(files.certFile, files.keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	number := func() int64 {
		current, err := c.config().GetCertificate(nil)
		require.NoError(t, err)
		return current.Leaf.SerialNumber.Int64()
	}
	require.False(t, c.changed())
	require.Empty(t, log.String())
	files.write(t, 2, time.Now().Add(time.Hour*24*365))
	require.True(t, c.changed())
	require.EqualValues(t, 1, number())
	c.reload()
	require.EqualValues(t, 2, number())
	require.False(t, c.changed())
	require.Contains(t, log.String(), "has been read anew")

	// A certificate that is not its key's, for example because only one of the two
	// has been replaced yet, is not taken, and complained of once.
	for what, spoil := range map[string]func(){
		"private key does not match": func() {
			other := newIdentity(t)
			other.write(t, 3, time.Now())
			move(t, other.certFile, files.certFile)
		},
		"no such file": func() { require.NoError(t, os.Remove(files.keyFile)) },
	} {
		files.write(t, 4, time.Now().Add(time.Hour*24*365))
		c.reload()
		log.Reset()
		spoil()
		require.True(t, c.changed(), what)
		c.reload()
		require.Contains(t, log.String(), "the TLS certificate stays as it was")
		require.Contains(t, log.String(), what)
		require.EqualValues(t, 4, number())
		require.False(t, c.changed(), what)
	}
}

func move(t testing.TB, from, to string) {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
}

func TestCertificate_WarnsOfItsEnd(t *testing.T) {
	for says, left := range map[string]time.Duration{
		"":                                 15 * 24 * time.Hour,
		"the TLS certificate expires soon": 13 * 24 * time.Hour,
		"the TLS certificate has expired":  -time.Hour,
	} {
		files := newIdentity(t)
		files.write(t, 1, time.Now().Add(left))
		var log bytes.Buffer
		_, err := loadCertificate(files.certFile, files.keyFile, slog.New(slog.NewTextHandler(&log, nil)))
		require.NoError(t, err)
		require.Equal(t, says != "", log.Len() > 0)
		require.Contains(t, log.String(), says)
	}
}

func TestServe_TLSSettingsThatCannotBe(t *testing.T) {
	files := newIdentity(t)
	files.write(t, 1, time.Now().Add(time.Hour))
	serve := func(args ...string) error {
		return run(t.Context(), append([]string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"}, args...))
	}
	for says, args := range map[string][]string{
		"tls-cert and tls-key go together: set both":                {"--tls-addr=127.0.0.1:0", "--tls-cert=" + files.certFile},
		"tls-addr needs a certificate: set tls-cert and tls-key":    {"--tls-addr=127.0.0.1:0"},
		"a certificate is of no use without a listener for TLS":     {"--tls-cert=" + files.certFile, "--tls-key=" + files.keyFile},
		"cannot read tls-cert: open missing":                        {"--tls-addr=127.0.0.1:0", "--tls-cert=missing", "--tls-key=" + files.keyFile},
		"unix-socket is for one, as the kernel does not deal":       {"--workers=2", "--redis-url=redis://127.0.0.1:1", "--unix-socket=x"},
		`"rw" is not a file mode: write octal digits`:               {"--unix-socket=x", "--unix-socket-mode=rw"},
		"cannot listen for WebSocket connections on a Unix socket:": {"--unix-socket=" + t.TempDir()},
	} {
		require.ErrorContains(t, serve(args...), says)
	}
}

// serving is the line that says where the server is.
type serving struct {
	TLSURL     string `json:"tls-url"`
	UnixSocket string `json:"unix-socket"`
}

func TestServe_TLSAndUnixSocket(t *testing.T) {
	files, socket := newIdentity(t), filepath.Join(t.TempDir(), "gannet.sock")
	files.write(t, 1, time.Now().Add(time.Hour))
	c := serveCommandLine(t, nil, "--tls-addr=127.0.0.1:0", "--tls-cert="+files.certFile, "--tls-key="+files.keyFile,
		"--unix-socket="+socket, "--unix-socket-mode=0600")
	var at serving
	require.NoError(t, json.Unmarshal(c.log.Bytes(), &at))
	require.Equal(t, socket, at.UnixSocket)
	file, err := os.Stat(socket)
	require.NoError(t, err)
	require.Equal(t, os.ModeSocket|0o600, file.Mode())
	require.EqualValues(t, 1, shown(t, at.TLSURL))

	files.write(t, 2, time.Now().Add(time.Hour))
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	for _, says := range []string{"expires soon", `"changed":"TLS certificate"`} {
		require.True(t, c.log.Scan())
		require.Contains(t, c.log.Text(), says)
	}
	require.EqualValues(t, 2, shown(t, at.TLSURL))

	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.Wait(), "exit status 0")
	assert.NoFileExists(t, socket)
}

func TestWorkers_ShareThePortOfTLS(t *testing.T) {
	files := newIdentity(t)
	files.write(t, 7, time.Now().Add(time.Hour*24*365))
	f := newFleet(t, "--tls-addr=127.0.0.1:0", "--tls-cert="+files.certFile, "--tls-key="+files.keyFile)
	url := f.last(0, logServe).TLSURL
	require.Equal(t, url, f.last(1, logServe).TLSURL)
	served := func(worker int) bool { return !strings.Contains(f.get(worker, "/api/stats"), `"tlsHandshakes":0`) }
	f.await("both have been dealt connections", func() bool {
		require.EqualValues(t, 7, shown(t, url))
		return served(0) && served(1)
	})
	files.write(t, 8, time.Now().Add(time.Hour*24*365))
	f.signal(syscall.SIGHUP)
	f.await("both show the new one", func() bool {
		for range 10 {
			if shown(t, url) != 8 {
				return false
			}
		}
		return true
	})
	f.signal(syscall.SIGTERM)
	require.NoError(t, f.ends(), "exit status 0")
}

// A reload that cannot be leaves the certificate as it is, and its files watched.
func TestCertificate_IsKeptWhereItCannotBeReplaced(t *testing.T) {
	files := newIdentity(t)
	files.write(t, 1, time.Now().Add(time.Hour*24*365))
	c, err := loadCertificate(files.certFile, files.keyFile, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	number := int64(1)
	for says, next := range map[string]*serveCommand{
		"cannot be turned off": {},
		"no such file":         {TLSCert: "elsewhere", TLSKey: files.keyFile},
	} {
		_, err = c.take(next)
		require.ErrorContains(t, err, says)
		number++
		files.write(t, number, time.Now().Add(time.Hour*24*365))
		c.reload()
		require.EqualValues(t, number, c.current.Load().Leaf.SerialNumber.Int64())
	}
	same := serveCommand{TLSCert: files.certFile, TLSKey: files.keyFile}
	changed, err := c.take(&same)
	require.NoError(t, err)
	require.Empty(t, changed)
}

// What could not be read is read again by a reload, also where the files look as they
// did: whose they are may have been what was wrong.
func TestCertificate_IsTriedAgain(t *testing.T) {
	files := newIdentity(t)
	files.write(t, 1, time.Now().Add(time.Hour*24*365))
	c, err := loadCertificate(files.certFile, files.keyFile, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	files.write(t, 2, time.Now().Add(time.Hour*24*365))
	good, err := os.ReadFile(files.keyFile)
	require.NoError(t, err)
	at := time.Now()
	inPlace := func(content []byte) {
		require.NoError(t, os.WriteFile(files.keyFile, content, 0o600))
		require.NoError(t, os.Chtimes(files.keyFile, at, at))
	}
	inPlace(bytes.ToUpper(good))
	c.reload()
	inPlace(good)
	require.False(t, c.changed())
	changed, err := c.take(&serveCommand{TLSCert: files.certFile, TLSKey: files.keyFile})
	require.NoError(t, err)
	require.NotEmpty(t, changed)
	require.EqualValues(t, 2, c.current.Load().Leaf.SerialNumber.Int64())
}
