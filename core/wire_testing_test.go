package core_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// What the tests of the contract on the socket share: tokens made by hand, raw
// frames, and texts in which ids and times are replaced by words.

const (
	wireSecret = "a secret of some length, for tests"
	wireHS256  = `{"alg":"HS256","typ":"JWT"}`
	wirePong   = `{"type":"system","action":"pong"}`
)

// wireSign makes a token whose signature is always HMAC with SHA-256, whatever
// its header says.
func wireSign(header, claims, key string) string {
	signed := wireEncode(header) + "." + wireEncode(claims)
	return signed + "." + wireEncode(wireMAC(sha256.New, signed, key))
}

// wireSign512 makes a token that is signed as HS512 says.
func wireSign512(claims, key string) string {
	signed := wireEncode(`{"alg":"HS512","typ":"JWT"}`) + "." + wireEncode(claims)
	return signed + "." + wireEncode(wireMAC(sha512.New, signed, key))
}

// wireUnsigned makes a token without a signature.
func wireUnsigned(header, claims string) string {
	return wireEncode(header) + "." + wireEncode(claims) + "."
}

func wireEncode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func wireMAC(of func() hash.Hash, text, key string) string {
	mac := hmac.New(of, []byte(key))
	_, _ = io.WriteString(mac, text)
	return string(mac.Sum(nil))
}

// wireToken is a good token for a subject in JSON: 5 or "anna".
func wireToken(subject string) string {
	return wireSign(wireHS256, `{"sub":`+subject+`}`, wireSecret)
}

// wireUser connects a client as the subject, and has its greeting.
func wireUser(t *testing.T, server *core.Server, subject string) *client {
	t.Helper()
	c := connect(t, server, "token="+wireToken(subject))
	require.Contains(t, c.receive(), `"action":"authenticated"`)
	return c
}

var (
	wireHex  = regexp.MustCompile(`^[0-9a-f]{32}$`)
	wireTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)
)

// wireID asks for the client's id, with a request that changes nothing.
func wireID(c *client) string {
	c.t.Helper()
	return wireIDIn(c.t, c.ask(`{"type":"system","action":"joinRoom"}`))
}

// wireIDIn is the client's id in the reply to a room request.
func wireIDIn(t testing.TB, reply string) string {
	t.Helper()
	var parsed struct {
		Response struct {
			ClientID string `json:"clientId"`
		} `json:"response"`
	}
	require.NoError(t, json.Unmarshal([]byte(reply), &parsed))
	require.Regexp(t, wireHex, parsed.Response.ClientID)
	return parsed.Response.ClientID
}

func wireShardID(t *testing.T, text string) shard.ID {
	t.Helper()
	id, ok := shard.ParseID(text)
	require.True(t, ok, text)
	return id
}

// wireMask puts words in the place of the id and of times.
func wireMask(text, id string) string {
	text = strings.ReplaceAll(text, `"`+id+`"`, `"ID"`)
	text = strings.ReplaceAll(text, `"user_`+id[:8]+`"`, `"user_ID8"`)
	return wireTime.ReplaceAllString(text, `"TIME"`)
}

// wireJoin is a request to join the room, with a name in JSON and further
// members of data.
func wireJoin(name string, more ...string) string { return wireRoom("joinRoom", name, more...) }

func wireLeave(name string) string { return wireRoom("leaveRoom", name) }

func wireRoom(action, name string, more ...string) string {
	members := strings.Join(append([]string{`"roomName":` + name}, more...), ",")
	return `{"type":"system","action":"` + action + `","data":{` + members + `}}`
}

func (c *client) sendBinary(payload string) {
	c.t.Helper()
	require.NoError(c.t, c.conn.WriteMessage(gws.OpcodeBinary, []byte(payload)))
}

// wireRequest is the head of an upgrade request with further header lines.
func wireRequest(target string, lines ...string) string {
	head := []string{
		"GET " + target + " HTTP/1.1", "Host: gannet", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}
	return strings.Join(append(head, lines...), "\r\n") + "\r\n\r\n"
}

// wirePeer speaks the protocol by hand.
type wirePeer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// wireSend sends what begins a connection and returns the HTTP answer.
func wireSend(t *testing.T, server *core.Server, bytes string) (*wirePeer, *http.Response) {
	t.Helper()
	conn := raw(t, server)
	p := &wirePeer{t, conn, bufio.NewReader(conn)}
	p.write(bytes)
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	return p, answer
}

// wireOpen upgrades a connection.
func wireOpen(t *testing.T, server *core.Server, bytes string) *wirePeer {
	t.Helper()
	p, answer := wireSend(t, server, bytes)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	return p
}

func (p *wirePeer) write(bytes string) {
	p.t.Helper()
	_, err := io.WriteString(p.conn, bytes)
	require.NoError(p.t, err)
}

// frame reads one frame: short, whole, unmasked, as the server's must be here.
func (p *wirePeer) frame() (opcode byte, payload string) {
	p.t.Helper()
	head := make([]byte, 2, 4)
	_, err := io.ReadFull(p.in, head)
	require.NoError(p.t, err)
	require.Equal(p.t, byte(0x80), head[0]&0xf0, "whole, no reserved bits")
	size := int(head[1])
	if size == 126 {
		_, err = io.ReadFull(p.in, head[2:4])
		require.NoError(p.t, err)
		size = int(binary.BigEndian.Uint16(head[2:4]))
	}
	require.Less(p.t, int(head[1]), 127, "unmasked, not long")
	body := make([]byte, size)
	_, err = io.ReadFull(p.in, body)
	require.NoError(p.t, err)
	return head[0] & 0x0f, string(body)
}

// text reads a text message.
func (p *wirePeer) text() string {
	p.t.Helper()
	opcode, payload := p.frame()
	require.EqualValues(p.t, 1, opcode, "%q", payload)
	return payload
}

// closed reads a close frame and the end of the stream behind it.
func (p *wirePeer) closed() closing {
	p.t.Helper()
	opcode, payload := p.frame()
	require.EqualValues(p.t, 8, opcode, "%q", payload)
	p.eof()
	if payload == "" {
		return closing{}
	}
	return closing{binary.BigEndian.Uint16([]byte(payload)), payload[2:]}
}

func (p *wirePeer) eof() {
	p.t.Helper()
	_, err := p.in.ReadByte()
	require.ErrorIs(p.t, err, io.EOF)
}

// wireFrame is a client's short frame: the first byte as given, masked.
func wireFrame(first byte, payload string) string {
	key := [4]byte{0x11, 0x22, 0x33, 0x44}
	frame := []byte{first, 0x80 | byte(len(payload))}
	if len(payload) > 125 {
		frame = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(len(payload)))
	}
	frame = append(frame, key[:]...)
	for i := range len(payload) {
		frame = append(frame, payload[i]^key[i%4])
	}
	return string(frame)
}

// wireClose is a client's close frame.
func wireClose(code uint16, reason string) string {
	return wireFrame(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}
