package core_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/secure/byhand"
)

// byHand is a peer whose TLS records are made and read by hand: crypto/tls has no way
// to renew keys, and does not let a server answer many such updates.
type byHand struct {
	*wirePeer
	keys, theirs *byhand.Keys
	wire         net.Conn
}

// Read reads data. The server's answers to updates of keys, and its tickets, are no
// data.
func (b *byHand) Read(p []byte) (int, error) {
	for {
		typ, content, err := b.theirs.Read(b.wire)
		switch {
		case err != nil:
			return 0, err
		case typ == byhand.Data:
			return copy(p, content), nil
		case typ == byhand.Alert && content[1] == 0:
			return 0, io.EOF
		case typ == byhand.Alert:
			return 0, fmt.Errorf("alert %d", content[1])
		case content[0] == byhand.KeyUpdate:
			err = b.theirs.Renew()
		}
		if err != nil {
			return 0, err
		}
	}
}

func connectByHand(t *testing.T, server *core.Server, trusting *tls.Config) *byHand {
	t.Helper()
	var log bytes.Buffer
	config := trusting.Clone()
	config.KeyLogWriter = &log
	conn := tls.Client(rawTLS(t, server), config)
	require.NoError(t, conn.Handshake())
	if suite := conn.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("without AES in hardware %s is taken", tls.CipherSuiteName(suite))
	}
	b := &byHand{wire: conn.NetConn()}
	var err error
	b.keys, err = byhand.New(log.String(), "CLIENT_TRAFFIC_SECRET_0")
	require.NoError(t, err)
	b.theirs, err = byhand.New(log.String(), "SERVER_TRAFFIC_SECRET_0")
	require.NoError(t, err)
	b.wirePeer = &wirePeer{t, b.wire, bufio.NewReaderSize(b, 20_000)} // a record at a time
	return b
}

// open upgrades the connection.
func (b *byHand) open(path string) {
	b.t.Helper()
	b.send(b.data(wireRequest(path)))
	answer, err := http.ReadResponse(b.in, nil)
	require.NoError(b.t, err)
	require.Equal(b.t, http.StatusSwitchingProtocols, answer.StatusCode)
}

func (b *byHand) data(content string) []byte { return b.keys.Record(byhand.Data, []byte(content)) }

func (b *byHand) update() []byte {
	record, err := b.keys.Update(true)
	require.NoError(b.t, err)
	return record
}

func (b *byHand) send(records ...[]byte) {
	b.t.Helper()
	_, err := b.wire.Write(bytes.Join(records, nil))
	require.NoError(b.t, err)
}

// flood writes what comes until the server does not take it any more, and the end of
// the test at the latest.
func (b *byHand) flood(next func() []byte) {
	var flooding sync.WaitGroup
	flooding.Go(func() {
		for {
			if _, err := b.wire.Write(next()); err != nil {
				return
			}
		}
	})
	b.t.Cleanup(func() {
		_ = b.wire.Close()
		flooding.Wait()
	})
}

// largeFrame is the header of a frame of 60,000 bytes.
const largeFrame = "\x82\xfe\xea\x60\x01\x02\x03\x04"

// Records without data, or with next to none, are not free, in the midst of a frame or
// of an upgrade request.
func TestTLS_FloodsOfRecords(t *testing.T) {
	floods := map[string]func(b *byHand) []byte{
		"updates of keys": func(b *byHand) []byte {
			var records []byte
			for range 14 {
				records = append(records, b.update()...)
			}
			return append(records, b.data("x")...)
		},
		"empty records":             func(b *byHand) []byte { return append(b.data(""), b.data("x")...) },
		"records of a byte":         func(b *byHand) []byte { return b.data("x") },
		"updates of keys, messages": func(b *byHand) []byte { return append(b.update(), b.data(wireFrame(0x81, "{}"))...) },
	}
	for name, flood := range floods {
		for _, path := range []string{"/ws", "/echo"} {
			t.Run(name+" to "+path, func(t *testing.T) {
				server, trusting := startTLS(t, core.Options{
					EchoPath: "/echo", MaxMessageSize: 1 << 20, CloseTimeout: patience,
					DrainTimeout: 100 * time.Millisecond, // the end of its stream may stay behind what is not read
				})
				b := connectByHand(t, server, trusting)
				b.open(path)
				b.send(b.data(strings.Repeat(wireFrame(0x8a, ""), 1000))) // what was sent before does not pay for it
				if !strings.Contains(name, "messages") {
					b.send(b.data(largeFrame))
				}
				b.flood(func() []byte { return flood(b) })
				opcode, payload := b.frame()
				for ; opcode != byte(codec.OpClose); opcode, payload = b.frame() {
				}
				require.Equal(t, "\x03\xf0rate limit", payload)
				b.eof()
				require.EqualValues(t, 1, server.Stats().RateLimited)
			})
		}
		t.Run(name+" before the upgrade", func(t *testing.T) {
			server, trusting := startTLS(t, core.Options{HandshakeTimeout: patience})
			b := connectByHand(t, server, trusting)
			b.send(b.data("GET /"))
			b.flood(func() []byte { return flood(b) })
			sendsNothingMore(t, b.conn)
			require.EqualValues(t, 1, server.Stats().RateLimited)
		})
	}
}

// The end of its stream is noticed of who has sent too many records, too. What came
// before that is not looked at.
func TestTLS_EndOfAFlooder(t *testing.T) {
	server, trusting := startTLS(t, core.Options{CloseTimeout: 10 * patience})
	b := connectByHand(t, server, trusting)
	b.open("/ws")
	flood := [][]byte{b.data(largeFrame)}
	for range 100 {
		flood = append(flood, b.update(), b.data("x"))
	}
	b.send(flood...)
	opcode, payload := b.frame()
	require.EqualValues(t, codec.OpClose, opcode)
	require.Equal(t, "\x03\xf0rate limit", payload)
	b.eof()
	b.send(b.data(wireFrame(0x81, askPing)))
	require.NoError(t, b.wire.Close())
	gone(t, server)
	stats := server.Stats()
	require.EqualValues(t, 1, stats.RateLimited)
	require.EqualValues(t, 1, stats.Closed["rate_limit"])
}

// Who renews its keys although it has been told that nothing more comes is not answered,
// and may still end the connection itself.
func TestTLS_UpdateOfKeysBehindTheEnd(t *testing.T) {
	server, trusting := startTLS(t, core.Options{CloseTimeout: 10 * patience})
	b := connectByHand(t, server, trusting)
	b.open("/ws")
	b.send(b.data(wireFrame(0x83, "")))
	opcode, _ := b.frame()
	require.EqualValues(t, codec.OpClose, opcode)
	b.eof()
	for range 3 {
		read, record := server.Stats().BytesIn, b.update()
		b.send(record)
		eventually(t, func() bool { return server.Stats().BytesIn == read+uint64(len(record)) }, "it has been read")
	}
	require.Equal(t, 1, server.Stats().Connections)
	require.NoError(t, b.wire.Close())
	gone(t, server)
}

// Keys are renewed now and then.
func TestTLS_UpdatesOfKeys(t *testing.T) {
	server, trusting := startTLS(t, core.Options{})
	b := connectByHand(t, server, trusting)
	b.send(b.update())
	b.open("/ws")
	for range 50 {
		b.send(b.update(), b.data(wireFrame(0x81, askPing)))
		require.Equal(t, wirePong, b.text())
	}
	require.Zero(t, server.Stats().RateLimited)
}

// A client may write what it has to say in small pieces, each of which is a record, and
// as many messages as it is allowed.
func TestTLS_SmallRecords(t *testing.T) {
	for name, version := range tlsVersions {
		t.Run(name, func(t *testing.T) {
			server, trusting := startTLS(t, core.Options{MaxMessageRate: -1, MaxByteRate: 1 << 30})
			trusting.MaxVersion = version
			p, _ := openTLS(t, server, trusting)
			frame := wireFrame(0x81, `{"type":"system","action":"pong"}`)
			large := strings.Replace(askPing, "{", "{"+strings.Repeat(" ", 60_000), 1)
			for range 10_000 {
				p.write(frame[:2])
				p.write(frame[2:6])
				p.write(frame[6:])
			}
			for range 10 {
				rest := wireFrame(0x81, large)
				for ; len(rest) > 100; rest = rest[100:] {
					p.write(rest[:100])
				}
				p.write(rest)
				require.Equal(t, wirePong, p.text())
			}
			p.write(wireFrame(0x01, ""))
			for range 5000 {
				p.write(wireFrame(0x00, " "))
			}
			p.write(wireFrame(0x80, askPing))
			require.Equal(t, wirePong, p.text(), "fragments are frames")
			require.Zero(t, server.Stats().RateLimited)
			require.EqualValues(t, 10_011, server.Stats().MessagesIn)
		})
	}
}
