package secure_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
	"github.com/gannet-ws/gannet/core/secure/byhand"
)

// handMade completes a client's handshake, and returns the keys with which records
// are made by hand from then on.
func handMade(t *testing.T, far net.Conn, config *tls.Config) (up, down *byhand.Keys) {
	t.Helper()
	var log bytes.Buffer
	config.KeyLogWriter = &log
	client := tls.Client(far, config)
	require.NoError(t, client.Handshake())
	if suite := client.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("without AES in hardware %s is taken", tls.CipherSuiteName(suite))
	}
	up, err := byhand.New(log.String(), "CLIENT_TRAFFIC_SECRET_0")
	require.NoError(t, err)
	down, err = byhand.New(log.String(), "SERVER_TRAFFIC_SECRET_0")
	require.NoError(t, err)
	return up, down
}

func TestConn_KeyUpdate(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	serverConfig.SessionTicketsDisabled = true
	s, far := newServer(t, serverConfig)
	ended := s.run(secure.NewHandshakes(1), echo)
	up, down := handMade(t, far, clientConfig)
	send := func(record []byte) {
		_, err := far.Write(record)
		require.NoError(t, err)
	}
	read := func() (typ byte, content []byte) {
		typ, content, err := down.Read(far)
		require.NoError(t, err)
		return typ, content
	}
	for _, text := range []string{"first", "second", "third"} {
		update, err := up.Update(true)
		require.NoError(t, err)
		send(update[:7]) // it arrives in two parts
		send(update[7:])
		typ, answer := read()
		require.EqualValues(t, byhand.Handshake, typ)
		require.Equal(t, []byte{24, 0, 0, 1, 0}, answer)
		require.NoError(t, down.Renew())
		send(up.Record(byhand.Data, []byte(text)))
		typ, echoed := read()
		require.EqualValues(t, byhand.Data, typ)
		require.Equal(t, text, string(echoed))
	}
	require.NoError(t, far.Close())
	require.Error(t, result(t, ended))
}
