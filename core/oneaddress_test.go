package core_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// What one address can take from the others.

const attacking = "127.0.0.2"

var behaving = []string{"127.0.0.9", "127.0.0.10", "127.0.0.11"}

// rawFrom connects from an address of loopback, and says nothing.
func rawFrom(t testing.TB, to net.Addr, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", to.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// Connections that are no clients keep nobody from becoming one, whether there is a
// bound for each address or not.
func TestOneAddress_KeepsNobodyOut(t *testing.T) {
	const flood = 60
	attacks := map[string]string{ // what each connection sends
		"silent":  "",
		"slow":    "GET /ws HTTP/1.1\r\nHost: a",
		"refused": wireRequest("/nowhere"),
		"badly":   wireRequest("/ws?token=bad"),
	}
	for name, options := range map[string]core.Options{
		"no bound for an address":         {MaxConnections: 10},
		"a bound for each":                {MaxConnections: 10, MaxConnectionsPerAddress: 5},
		"few handshakes":                  {MaxConnections: 10, MaxHandshakes: 8},
		"few handshakes, a bound for all": {MaxConnections: 10, MaxHandshakes: 8, MaxConnectionsPerAddress: 5},
	} {
		options.Loops, options.HandshakeTimeout, options.JWTSecret = 2, patience, wireSecret
		for sends, bytes := range attacks {
			t.Run(name+", "+sends, func(t *testing.T) {
				server := start(t, options)
				for range flood {
					_, _ = io.WriteString(rawFrom(t, server.Addr(), attacking), bytes)
				}
				eventually(t, func() bool { return server.Stats().Accepted == flood }, "all are there")
				for _, from := range behaving {
					letIn(t, server, from, wireRequest("/ws"))
				}
				require.Zero(t, server.Stats().Refused["max_connections"])
			})
		}
	}
}

// The bound of clients is exact, however many handshakes there are.
func TestMaxConnections_CountsClients(t *testing.T) {
	server := start(t, core.Options{Loops: 2, MaxConnections: 2, HandshakeTimeout: patience})
	for range 10 {
		connectFrom(t, server, attacking)
	}
	first := letIn(t, server, "127.0.0.9", wireRequest("/ws"))
	letIn(t, server, "127.0.0.9", wireRequest("/ws"))
	keptOut(t, server, "127.0.0.9", wireRequest("/ws"), http.StatusServiceUnavailable, "TOO_MANY_CONNECTIONS")
	_ = first.conn.Close()
	eventually(t, func() bool { return server.Stats().Clients == 1 }, "it has gone")
	letIn(t, server, "127.0.0.9", wireRequest("/ws"))
	keptOut(t, server, "127.0.0.9", wireRequest("/ws"), http.StatusServiceUnavailable, "TOO_MANY_CONNECTIONS")
	require.EqualValues(t, 2, server.Stats().Refused["max_connections"])
}

// Tokens that are checked at the same time do not bring more in than there is room for.
func TestMaxConnections_OfTokensUnderCheck(t *testing.T) {
	server, late := startLate(t, core.Options{Loops: 2, MaxConnections: 2})
	var asked []*wirePeer
	for range 5 {
		asked = append(asked, connectFrom(t, server, "127.0.0.9"))
		asked[len(asked)-1].write(wireRequest("/ws?token=" + late.token(`{"sub":5}`)))
	}
	late.release()
	answers := map[int]int{}
	for _, p := range asked {
		answer, err := http.ReadResponse(p.in, nil)
		require.NoError(t, err)
		answers[answer.StatusCode]++
	}
	require.Equal(t, map[int]int{http.StatusSwitchingProtocols: 2, http.StatusServiceUnavailable: 3}, answers)
}

// handshakesOf is what an address may have in handshakes with a low bound.
const handshakesOf = 16

func TestPerAddress_BoundsHandshakes(t *testing.T) {
	const most = 3
	server := start(t, core.Options{Loops: 2, MaxConnectionsPerAddress: most, HandshakeTimeout: patience})
	var silent []*wirePeer
	for range most {
		letIn(t, server, attacking, wireRequest("/ws"))
	}
	for range handshakesOf {
		silent = append(silent, connectFrom(t, server, attacking))
	}
	eventually(t, func() bool { return server.Stats().Connections == most+handshakesOf }, "they are there")
	for range 5 {
		p := connectFrom(t, server, attacking)
		answer, err := http.ReadResponse(p.in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusTooManyRequests, answer.StatusCode, "without a request")
		comesBack(t, answer.Header)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Contains(t, string(body), tooMany)
		p.eof()
	}
	stats := server.Stats()
	require.EqualValues(t, 5, stats.Refused["per_address"])
	require.Equal(t, most+handshakesOf, stats.Connections)

	silent[0].write(wireRequest("/nowhere")) // it is refused, and stays
	answer, err := http.ReadResponse(silent[0].in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	_ = silent[1].conn.Close()
	eventually(t, func() bool { return server.Stats().Connections < most+handshakesOf }, "one has gone")
	keptOut(t, server, attacking, wireRequest("/ws"), http.StatusTooManyRequests, tooMany)
	letIn(t, server, behaving[0], wireRequest("/ws"))
}

// A larger bound is that of handshakes, too.
func TestPerAddress_AsManyHandshakesAsClients(t *testing.T) {
	const most = handshakesOf + 4
	server := start(t, core.Options{MaxConnectionsPerAddress: most, HandshakeTimeout: patience})
	for range most + 7 {
		connectFrom(t, server, attacking)
	}
	eventually(t, func() bool { return server.Stats().Refused["per_address"] == 7 }, "those beyond are closed")
	require.Equal(t, most, server.Stats().Connections)
}

// Before its request has come nobody knows for whom a proxy speaks.
func TestPerAddress_DoesNotBoundHandshakesOfProxies(t *testing.T) {
	for name, options := range map[string]core.Options{
		"trusted":                {TrustedProxies: []string{attacking}},
		"PROXY header":           {ProxyProtocol: core.ProxyRequire},
		"PROXY header, accepted": {ProxyProtocol: core.ProxyAccept, TrustedProxies: []string{"10.0.0.0/8"}},
	} {
		t.Run(name, func(t *testing.T) {
			options.MaxConnectionsPerAddress, options.HandshakeTimeout = 1, patience
			server := start(t, options)
			const peers = 2 * handshakesOf
			for range peers {
				connectFrom(t, server, attacking)
			}
			eventually(t, func() bool { return server.Stats().Connections == peers }, "they are there")
			require.Zero(t, server.Stats().Refused["per_address"])
		})
	}
	server := start(t, core.Options{TrustedProxies: []string{attacking}, MaxConnectionsPerAddress: 1, HandshakeTimeout: patience})
	for range 2 * handshakesOf {
		connectFrom(t, server, behaving[0])
	}
	eventually(t, func() bool { return server.Stats().Refused["per_address"] == handshakesOf }, "this one is no proxy")
}

// Over TLS who has too many is closed without an answer, which it would not understand.
func TestPerAddress_BoundsTLSHandshakes(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 2, MaxConnections: 5, MaxConnectionsPerAddress: 3, HandshakeTimeout: patience})
	first := hello(t)
	for i := range handshakesOf {
		conn := rawFrom(t, server.TLSAddr(), attacking)
		if i%2 == 0 {
			_, err := conn.Write(first)
			require.NoError(t, err)
		}
	}
	eventually(t, func() bool { return server.Stats().Connections == handshakesOf }, "they are there")
	nothing, err := io.ReadAll(rawFrom(t, server.TLSAddr(), attacking))
	require.NoError(t, err)
	require.Empty(t, nothing)
	require.EqualValues(t, 1, server.Stats().Refused["per_address"])
	require.Equal(t, wirePong, connectTLS(t, server, trusting).ask(askPing))
}

// Who is slow to send its request is not pushed out by one address that floods, nor by
// those who come meanwhile.
func TestMaxHandshakes_OneAddressPushesOutItsOwn(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxHandshakes: 8, HandshakeTimeout: patience})
	request := wireRequest("/ws")
	var slow []*wirePeer
	for _, from := range behaving {
		p := connectFrom(t, server, from)
		p.write(request[:20])
		slow = append(slow, p)
	}
	for i := range 40 {
		connectFrom(t, server, attacking)
		if i%4 == 0 {
			letIn(t, server, "127.0.0.12", request)
		}
	}
	for _, p := range slow {
		p.write(request[20:])
		answer, err := http.ReadResponse(p.in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	}
	require.Positive(t, server.Stats().Refused["max_handshakes"])
}

// With the PROXY header it is the client's address that counts.
func TestMaxHandshakes_OneClientOfABalancerPushesOutItsOwn(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxHandshakes: 8, HandshakeTimeout: patience, ProxyProtocol: core.ProxyRequire})
	request := wireRequest("/ws")
	slow := connectFrom(t, server, "127.0.0.5")
	slow.write(proxyLine + request[:20])
	eventually(t, func() bool { return server.Stats().BytesIn > 0 }, "its header has been read")
	sent := server.Stats().BytesIn
	flooding := strings.Replace(proxyLine, "192.0.2.1", "192.0.2.7", 1)
	for range 40 {
		connectFrom(t, server, "127.0.0.5").write(flooding)
		sent += uint64(len(flooding))
		eventually(t, func() bool { return server.Stats().BytesIn == sent }, "this one, too")
	}
	slow.write(request[20:])
	answer, err := http.ReadResponse(slow.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
}

// The same holds of TLS handshakes that are begun and left.
func TestTLS_OneAddressPushesOutItsOwn(t *testing.T) {
	server, trusting := startTLS(t, core.Options{Loops: 1, MaxTLSHandshakes: 8, HandshakeTimeout: patience})
	first := hello(t)
	begin := func(from string) net.Conn {
		conn := rawFrom(t, server.TLSAddr(), from)
		_, err := conn.Write(first)
		require.NoError(t, err)
		return conn
	}
	goOn := make(chan struct{})
	slow := &haltingConn{Conn: rawFrom(t, server.TLSAddr(), behaving[0]), goOn: goOn}
	secured := tls.Client(slow, trusting)
	answered := make(chan error, 1)
	go func() { answered <- secured.HandshakeContext(t.Context()) }()
	eventually(t, func() bool { return server.Stats().BytesIn > 0 }, "it has begun")
	for range 30 {
		_, err := begin(attacking).Read(make([]byte, 1)) // it is under way
		require.NoError(t, err)
	}
	require.Positive(t, server.Stats().Refused["tls_halted"])
	close(goOn)
	require.NoError(t, next(t, answered))
	p := &wirePeer{t, secured, bufio.NewReader(secured)}
	p.write(wireRequest("/ws"))
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
}

// haltingConn sends no more than the first write until it may go on.
type haltingConn struct {
	net.Conn
	writes int
	goOn   chan struct{}
}

func (c *haltingConn) Write(bytes []byte) (int, error) {
	if c.writes++; c.writes > 1 {
		<-c.goOn
	}
	return c.Conn.Write(bytes)
}

// Those who have been refused and do not go are bounded as those who have not asked yet.
func TestMaxHandshakes_BoundsTheRefused(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxHandshakes: 4})
	for range 30 {
		_, answer := knock(t, server, attacking, wireRequest("/nowhere"))
		require.Equal(t, http.StatusNotFound, answer.StatusCode, "each has its answer")
		require.LessOrEqual(t, server.Stats().Connections, 4)
	}
	require.EqualValues(t, 30, server.Stats().Refused["not_found"])
	require.Zero(t, server.Stats().Refused["max_handshakes"], "each is counted once")
}
