package core_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// What the tests of compression share: peers that see what is compressed, and
// real clients that need not know.

const (
	deflateOffer  = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
	deflateAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// deflateHead is an upgrade request that offers compression as browsers do.
var deflateHead = wireRequest("/ws", deflateOffer)

// deflatePeer speaks the protocol by hand, with compression.
type deflatePeer struct {
	*wirePeer
	reader   codec.Reader
	inflater *codec.Inflater
	rest     []byte
}

// openDeflated upgrades a connection with what begins it.
func openDeflated(t *testing.T, server *core.Server, begin string) *deflatePeer {
	t.Helper()
	p, answer := wireSend(t, server, begin)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	require.Equal(t, deflateAnswer, answer.Header.Get("Sec-WebSocket-Extensions"))
	return &deflatePeer{wirePeer: p, inflater: codec.NewInflater(1 << 20)}
}

// received is a frame, and whether it was compressed.
type received struct {
	opcode     codec.Opcode
	text       string
	compressed bool
}

// next returns the next frame.
func (p *deflatePeer) next() received {
	p.t.Helper()
	config := codec.ReaderConfig{Client: true, Deflate: true}
	for {
		frame, ok, n, err := p.reader.Next(&config, p.rest)
		require.NoError(p.t, err)
		p.rest = p.rest[n:]
		if ok {
			compressed := frame.Compressed
			if compressed {
				frame, err = p.inflater.Inflate(frame)
				require.NoError(p.t, err)
			}
			return received{frame.Opcode, string(frame.Payload), compressed}
		}
		buffer := make([]byte, 1<<16)
		n, err = p.in.Read(buffer)
		require.NoError(p.t, err)
		p.rest = buffer[:n]
	}
}

// pressed compresses as a client does that keeps no context.
func pressed(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	_, _ = w.Write([]byte(text))
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// pressedFrame is a client's compressed frame.
func pressedFrame(op codec.Opcode, text string) string {
	return reservedFrame(op, true, pressed(text))
}

// reservedFrame is a client's frame with RSV1.
func reservedFrame(op codec.Opcode, fin bool, payload string) string {
	frame := codec.AppendMaskedFrame(nil, op, fin, [4]byte{9, 8, 7, 6}, []byte(payload))
	frame[0] |= 0x40
	return string(frame)
}

// connectDeflated opens a real client that offers compression.
func connectDeflated(t testing.TB, server *core.Server, offer gws.PermessageDeflate) *client {
	t.Helper()
	offer.Enabled = true
	c := &client{
		t:        t,
		messages: make(chan message, 1<<14),
		pongs:    make(chan string, 64),
		pings:    make(chan string, 64),
		closed:   make(chan closing, 1),
	}
	conn, answer, err := gws.NewClient(c, &gws.ClientOption{
		Addr: url(server), HandshakeTimeout: patience, PermessageDeflate: offer, CheckUtf8Enabled: true,
	})
	require.NoError(t, err)
	require.Contains(t, answer.Header.Get("Sec-WebSocket-Extensions"), deflateAnswer)
	c.conn = conn
	read := make(chan struct{})
	go func() {
		defer close(read)
		conn.ReadLoop()
	}()
	t.Cleanup(func() {
		_ = conn.NetConn().Close()
		<-read
	})
	return c
}

// filler returns printable text of the size: words that repeat, or noise.
func filler(size int, noise bool) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random := rand.New(rand.NewPCG(uint64(size), 1))
	text := make([]byte, 0, size+8)
	for len(text) < size {
		if noise {
			text = append(text, letters[random.IntN(len(letters))])
			continue
		}
		text = append(text, []string{"the ", "room ", "message ", "of ", "hello, "}[random.IntN(5)]...)
	}
	return string(text[:size])
}

// sized is an event whose envelope has the size in bytes.
func sized(size int) *codec.Message {
	const envelope = `{"type":"test","action":"sized","data":"%s"}`
	text := filler(size-len(fmt.Sprintf(envelope, "")), false)
	return codec.NewMessage(codec.OpText, fmt.Appendf(nil, envelope, text))
}

// askBack is a request of about the size, and the reply that holds the same text.
func askBack(size int, noise bool) (request, reply string) {
	text := filler(size, noise)
	return `{"type":"test","action":"text","data":"` + text + `"}`,
		`{"type":"test","action":"text","response":"` + text + `"}`
}

// backRoute answers askBack.
func backRoute(s *core.Server) {
	s.Handle("test", "text", core.Typed(func(_ *core.Context, text string) (any, error) { return text, nil }))
}
