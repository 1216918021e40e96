//go:build !race

package core

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/poll"
	"github.com/gannet-ws/gannet/shard"
)

// stillTLS is a still whose client speaks TLS. What it is written can be read sealed,
// by written, or decrypted.
type stillTLS struct {
	*still
	peer *tls.Conn
}

func newStillTLS(t *testing.T, version uint16) *stillTLS {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	s := newStill(t, func(s *Server) {
		s.tls = &tls.Config{
			Certificates:                []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
			DynamicRecordSizingDisabled: true,
		}
	})
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	file := os.NewFile(uintptr(pair[1]), "far")
	conn, err := net.FileConn(file)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = conn.Close(), file.Close() })
	peer := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
	asked := make(chan error, 1)
	go func() {
		_, err := peer.Write(codec.AppendUpgradeRequest(nil, "localhost", "/ws", []byte("dGhlIHNhbXBsZSBub25jZQ=="), ""))
		asked <- err
	}()
	s.loop.open(pair[0], &listener{tls: true}, netip.Addr{})
	h := s.loop.handshakes[0]
	for h.tls.client == (shard.ID{}) {
		s.loop.Ready(h, poll.Input)
		s.loop.Turn()
	}
	require.NoError(t, <-asked)
	s.client = s.loop.shard.Find(h.tls.client)
	answer := make([]byte, 1<<10)
	n, err := peer.Read(answer)
	require.NoError(t, err)
	require.Contains(t, string(answer[:n]), "101 Switching Protocols")
	s.far = pair[1]
	return &stillTLS{s, peer}
}

// A delivery over TLS allocates nothing.
func TestAllocs_TLSDelivery(t *testing.T) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			s := newStillTLS(t, version)
			frame := codec.AppendFrame(nil, codec.OpText, []byte(`{"type":"test","action":"event"}`))
			deliver := func() {
				s.loop.shard.Enqueue(s.client, frame)
				s.loop.shard.Settle()
			}
			deliver()
			n, err := s.peer.Read(s.out)
			require.NoError(t, err)
			require.Equal(t, frame, s.out[:n])
			require.Zero(t, testing.AllocsPerRun(1000, func() { deliver(); s.written() }))
		})
	}
}

// requestAllocs is what crypto/tls allocates to read a record, and to find that there
// is no other: a small reader for each.
const requestAllocs = 2

// A request over TLS costs what crypto/tls allocates, and no more.
func TestAllocs_TLSRequest(t *testing.T) {
	s := newStillTLS(t, tls.VersionTLS13)
	frame := fromClient(codec.OpText, `{"type":"system","action":"ping"}`)
	ask := func() {
		if _, err := s.peer.Write(frame); err != nil {
			t.Fatal(err)
		}
		s.loop.clientReady(s.client, poll.Input)
	}
	ask()
	n, err := s.peer.Read(s.out)
	require.NoError(t, err)
	require.Equal(t, codec.AppendFrame(nil, codec.OpText, []byte(`{"type":"system","action":"pong"}`)), s.out[:n])
	require.EqualValues(t, requestAllocs, testing.AllocsPerRun(1000, func() { ask(); s.written() }))
}
