package secure_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
)

// clientHello returns what a client sends first.
func clientHello(t testing.TB, config *tls.Config) []byte {
	t.Helper()
	near, far := net.Pipe()
	failed := make(chan error, 1)
	go func() { failed <- tls.Client(far, config).Handshake() }()
	buffer := make([]byte, 1<<14)
	n, err := near.Read(buffer)
	require.NoError(t, err)
	_ = near.Close()
	require.Error(t, <-failed)
	return buffer[:n]
}

func TestHasHello_AtEachByte(t *testing.T) {
	for name, version := range versions {
		hello := clientHello(t, &tls.Config{ServerName: "localhost", MaxVersion: version})
		for n := range hello {
			whole, err := secure.HasHello(hello[:n])
			require.NoError(t, err, "%s, %d bytes", name, n)
			require.False(t, whole, "%s, %d bytes", name, n)
		}
		for _, more := range [][]byte{nil, []byte("more")} {
			whole, err := secure.HasHello(append(bytes.Clone(hello), more...))
			require.NoError(t, err)
			require.True(t, whole)
		}
	}
}

// A ClientHello may come in several records, of which the first may be the shortest
// that there is.
func TestHasHello_ShortRecords(t *testing.T) {
	for _, sent := range []string{"\x16\x03\x01\x00\x01\x01", "\x16\x03\x01\x00\x03\x01\x00\x00"} {
		for n := range len(sent) + 1 {
			whole, err := secure.HasHello([]byte(sent[:n]))
			require.NoError(t, err, "%q", sent[:n])
			require.Equal(t, n == len(sent), whole, "%q", sent[:n])
		}
	}
}

func TestHasHello_OtherThings(t *testing.T) {
	for name, test := range map[string]struct {
		sent  string
		after int // bytes of it that show what it is
	}{
		"plain HTTP":        {"GET /ws HTTP/1.1\r\n", 1},
		"SSL 2":             {"\x80\x2e\x01\x00\x02", 1},
		"an alert":          {"\x15\x03\x01\x00\x02\x01\x00", 1},
		"another version":   {"\x16\x04\x01\x00\x80\x01", 2},
		"an empty record":   {"\x16\x03\x01\x00\x00\x16", 5},
		"too long a record": {"\x16\x03\x01\x40\x01\x01", 5},
		"another message":   {"\x16\x03\x01\x00\x80\x02", 6},
	} {
		for n := range len(test.sent) + 1 {
			whole, err := secure.HasHello([]byte(test.sent[:n]))
			assert.False(t, whole, name)
			if n < test.after {
				assert.NoError(t, err, "%s, %d bytes", name, n)
			} else {
				assert.ErrorIs(t, err, secure.ErrNoHello, "%s, %d bytes", name, n)
			}
		}
	}
}
