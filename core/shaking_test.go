package core_test

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// halt begins so many TLS handshakes, and goes on with none.
func halt(t *testing.T, server *core.Server, count int) (conns []net.Conn) {
	t.Helper()
	first := hello(t)
	for range count {
		conn := rawTLS(t, server)
		_, err := conn.Write(first)
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1)) // it is under way
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	return conns
}

// Handshakes that their peers do not go on with fill up what there is for them, and
// the oldest gives way to who comes. Those that are left are ended by the deadline.
func TestTLS_HandshakeFlood(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 1, MaxTLSHandshakes: 8, HandshakeTimeout: 3 * time.Second})
	before := connectTLS(t, server, trusting)
	halted := halt(t, server, 8)
	for n := range 3 {
		require.Equal(t, wirePong, connectTLS(t, server, trusting).ask(askPing))
		require.EqualValues(t, min(n+1, 1), server.Stats().Refused["tls_halted"], "the next has the place of one that has ended")
	}
	sendsNothingMore(t, halted[0])
	require.Equal(t, wirePong, before.ask(askPing))
	eventually(t, func() bool { return server.Stats().Refused["handshake_timeout"] == 7 }, "the deadline ends them")
	require.EqualValues(t, 8, server.Stats().TLSFailures)
	require.Zero(t, server.Stats().Refused["tls_busy"])
}

// Where no address has more than the others it is the oldest that gives way.
func TestTLS_TheOldestOfEqualsGivesWay(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 1, MaxTLSHandshakes: 3, HandshakeTimeout: patience})
	first := hello(t)
	var halted []net.Conn
	for _, from := range behaving {
		conn := rawFrom(t, server.TLSAddr(), from)
		_, err := conn.Write(first)
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1)) // it is under way
		require.NoError(t, err)
		halted = append(halted, conn)
	}
	require.Equal(t, wirePong, connectTLS(t, server, trusting).ask(askPing))
	sendsNothingMore(t, halted[0])
	require.Equal(t, len(halted), server.Stats().Connections, "the others are left")
}

// However many begin one and leave it, who goes on gets in.
func TestTLS_HaltedHandshakesKeepNobodyOut(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 2, MaxTLSHandshakes: 16, HandshakeTimeout: patience})
	for range 10 {
		halt(t, server, 20)
		require.Equal(t, wirePong, connectTLS(t, server, trusting).ask(askPing))
	}
	stats := server.Stats()
	require.Equal(t, 10, stats.Clients)
	require.LessOrEqual(t, stats.Connections, 10+16)
	require.Zero(t, stats.Refused["tls_busy"])
	require.EqualValues(t, 200-(stats.Connections-10), stats.Refused["tls_halted"])
}

// Who sends its handshake a byte at a time, and never the whole of it, is halted, too.
func TestTLS_TricklingDoesNotHelp(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 1, MaxTLSHandshakes: 1, HandshakeTimeout: patience})
	trickling := halt(t, server, 1)[0]
	before := server.Stats().BytesIn
	for i, b := range []byte{22, 3, 3, 1, 0, 20} {
		_, err := trickling.Write([]byte{b})
		require.NoError(t, err)
		eventually(t, func() bool { return server.Stats().BytesIn == before+uint64(i+1) }, "it has been read")
	}
	eventually(t, func() bool {
		c, err := dial(t, "wss://"+server.TLSAddr().String()+"/ws", withTLSConfig(trusting))
		return err == nil && c.ask(askPing) == wirePong
	}, "as soon as the byte is taken")
	sendsNothingMore(t, trickling)
}

// A handshake that waits for a CPU gives way to nobody.
func TestTLS_HandshakesThatComputeStay(t *testing.T) {
	certificate, _ := certificateFor(t, 1)
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	server := start(t, core.Options{
		Loops: 1, MaxTLSHandshakes: 2, HandshakeTimeout: patience, TLSAddr: "127.0.0.1:0",
		TLSConfig: &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.Conn != nil { // or it is asked for the end of the certificate
				entered <- struct{}{}
				<-leave
			}
			return &certificate, nil
		}},
	})
	first := hello(t)
	begin := func() net.Conn {
		conn := rawTLS(t, server)
		_, err := conn.Write(first)
		require.NoError(t, err)
		return conn
	}
	computing := []net.Conn{begin(), begin()}
	next(t, entered)
	eventually(t, func() bool { return server.Stats().BytesIn == uint64(2*len(first)) }, "the other one waits for its turn")
	for range 3 {
		sendsNothingMore(t, begin())
	}
	close(leave)
	for _, conn := range computing {
		_, err := conn.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	require.EqualValues(t, 3, server.Stats().Refused["tls_busy"])
	require.Zero(t, server.Stats().Refused["tls_halted"])
}
