package rfc6455_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 15 * time.Second

// The first byte of a frame, section 5.2.
const (
	continuation = 0x0
	text         = 0x1
	binaryData   = 0x2
	closing      = 0x8
	ping         = 0x9
	pong         = 0xa

	fin  = 0x80
	rsv3 = 0x10 // RSV1 and RSV2 are the two bits above it
)

// The close codes that tests expect, section 7.4.1.
const (
	normal         = 1000
	protocolError  = 1002
	invalidPayload = 1007
	tooBig         = 1009
)

const echoPath = "/echo"

// serve runs a server until the test ends.
func serve(t testing.TB, options core.Options) *core.Server {
	t.Helper()
	options.Addr, options.EchoPath, options.DrainPeriod, options.Log = "127.0.0.1:0", echoPath, -1, slog.New(slog.DiscardHandler)
	server, err := core.New(options)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(t.Context()) }()
	t.Cleanup(func() { require.NoError(t, <-ended) }) // the test's context has ended then
	require.True(t, server.WaitRunning(t.Context()))
	return server
}

// key is the sample of section 1.3, and accept the answer to it.
const (
	key    = "dGhlIHNhbXBsZSBub25jZQ=="
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// request is an upgrade request of these lines.
func request(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

func upgradeRequest(path string) string {
	return request("GET "+path+" HTTP/1.1", "Host: gannet", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: "+key)
}

// peer is a client's side of a connection.
type peer struct {
	t    testing.TB
	conn *net.TCPConn
	in   *bufio.Reader
}

// dial opens a connection.
func dial(t testing.TB, server *core.Server) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return &peer{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// answer reads the answer to an upgrade request.
func (p *peer) answer() *http.Response {
	p.t.Helper()
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(p.t, err)
	return answer
}

// openAt opens a WebSocket.
func openAt(t testing.TB, server *core.Server, path string) *peer {
	t.Helper()
	p := dial(t, server)
	p.write(upgradeRequest(path))
	require.Equal(t, http.StatusSwitchingProtocols, p.answer().StatusCode)
	return p
}

// open opens a WebSocket of the echo path.
func open(t testing.TB, server *core.Server) *peer {
	t.Helper()
	return openAt(t, server, echoPath)
}

func (p *peer) write(bytes string) {
	p.t.Helper()
	_, err := io.WriteString(p.conn, bytes)
	require.NoError(p.t, err)
}

// chop writes in pieces of so many bytes, or all at once where that is 0.
func (p *peer) chop(bytes string, size int) {
	p.t.Helper()
	if size == 0 {
		size = len(bytes)
	}
	for len(bytes) > 0 {
		n := min(size, len(bytes))
		p.write(bytes[:n])
		bytes = bytes[n:]
	}
}

// read reads one frame and holds its form to what a server may send: not masked, its
// length in the shortest form.
func (p *peer) read() (first byte, payload string) {
	p.t.Helper()
	head := p.take(2)
	length := uint64(head[1])
	require.Less(p.t, length, uint64(128), "a server does not mask")
	switch length {
	case 126:
		length = uint64(binary.BigEndian.Uint16([]byte(p.take(2))))
		require.GreaterOrEqual(p.t, length, uint64(126))
	case 127:
		length = binary.BigEndian.Uint64([]byte(p.take(8)))
		require.Greater(p.t, length, uint64(0xffff))
		require.Less(p.t, length, uint64(1<<30))
	}
	return head[0], p.take(int(length))
}

func (p *peer) take(n int) string {
	p.t.Helper()
	bytes := make([]byte, n)
	_, err := io.ReadFull(p.in, bytes)
	require.NoError(p.t, err)
	return string(bytes)
}

// expect reads one frame, which has to be this one.
func (p *peer) expect(first byte, payload string) {
	p.t.Helper()
	gotFirst, got := p.read()
	require.Equal(p.t, fmt.Sprintf("%#02x %.200q", first, payload), fmt.Sprintf("%#02x %.200q", gotFirst, got))
	require.True(p.t, payload == got, "the payload differs behind its beginning: %d and %d bytes", len(payload), len(got))
}

// closed reads a close frame and the end of the stream behind it, which has to come
// without a reset, and returns the frame's payload.
func (p *peer) closed() (payload string) {
	p.t.Helper()
	first, payload := p.read()
	require.Equal(p.t, byte(fin|closing), first, "%.200q", payload)
	p.ended()
	return payload
}

func (p *peer) ended() {
	p.t.Helper()
	_, err := p.in.ReadByte()
	require.ErrorIs(p.t, err, io.EOF)
}

// fails reads how the server fails the connection, section 7.1.7: it says so, with
// the code, and closes the connection by itself.
func (p *peer) fails(code uint16) {
	p.t.Helper()
	payload := p.closed()
	require.GreaterOrEqual(p.t, len(payload), 2)
	require.Equal(p.t, code, binary.BigEndian.Uint16([]byte(payload)), payload[2:])
}

// served makes sure that the connection is open, and that nothing waits to be read.
func (p *peer) served() {
	p.t.Helper()
	p.write(masked(fin|text, "still here"))
	p.expect(fin|text, "still here")
}

// sampleKey is the one of the examples in section 5.7.
var sampleKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// masked is a frame as a client sends it.
func masked(first byte, payload string) string { return maskedWith(sampleKey, first, payload) }

func maskedWith(key [4]byte, first byte, payload string) string {
	head := header(first, len(payload))
	head[1] |= 0x80
	frame := append(head, key[:]...)
	for i := range len(payload) {
		frame = append(frame, payload[i]^key[i%4])
	}
	return string(frame)
}

// header is a frame's, without mask, its length in the shortest form.
func header(first byte, length int) []byte {
	switch {
	case length < 126:
		return []byte{first, byte(length)}
	case length < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(length))
	default:
		return binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(length))
	}
}

// fragments is a message in fragments of so many bytes.
func fragments(opcode byte, message string, size int) string {
	var all strings.Builder
	for len(message) > size {
		all.WriteString(masked(opcode, message[:size]))
		message = message[size:]
		opcode = continuation
	}
	all.WriteString(masked(fin|opcode, message))
	return all.String()
}

// withCode is the payload of a close frame.
func withCode(code uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + reason
}
