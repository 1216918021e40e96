package codec

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	testKey   = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 section 1.3
	goodHead  = "GET /ws?a=b HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + testKey + "\r\n\r\n"
	testLimit = 4096
)

// edited is goodHead with one line replaced.
func edited(old, replacement string) string { return strings.Replace(goodHead, old, replacement, 1) }

// withLine is goodHead with one more line.
func withLine(line string) string { return edited("Upgrade: ", line+"\r\nUpgrade: ") }

func parseAndCheck(b string) (q UpgradeRequest, n int, err error) {
	n, err = q.Parse([]byte(b), testLimit)
	if err == nil && n > 0 {
		err = q.Check()
	}
	return q, n, err
}

var requestTable = []struct {
	name, head string
	want       *HandshakeError
}{
	{"plain", goodHead, nil},
	{"lower case", strings.NewReplacer("Host", "host", "Upgrade", "upgrade", "Sec-WebSocket-Key", "sec-websocket-key").Replace(goodHead), nil},
	{"upper case", edited("Upgrade: websocket\r\nConnection: Upgrade", "UPGRADE: WEBSOCKET\r\nCONNECTION: UPGRADE"), nil},
	{"token lists", edited("Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c, websocket\r\nConnection: keep-alive,\tUpgrade"), nil},
	{"lists over lines", withLine("Connection: keep-alive\r\nUpgrade: h2c"), nil},
	{"no space after colon", strings.ReplaceAll(goodHead, ": ", ":"), nil},
	{"spaces around value", edited("example.com", " \texample.com\t "), nil},
	{"empty value", withLine("X-Empty:"), nil},
	{"obs-text", withLine("X-Text: \xe9"), nil},
	{"content length 0", withLine("Content-Length: 0"), nil},
	{"repeated protocol", withLine("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b"), nil},

	{"POST", edited("GET", "POST"), ErrMethodNotAllowed},
	{"get", edited("GET", "get"), ErrMethodNotAllowed},
	{"no host", edited("Host: example.com\r\n", ""), ErrBadHost},
	{"empty host", edited("Host: example.com", "Host:"), ErrBadHost},
	{"host with a port", edited("example.com", "example.com:8080"), nil},
	{"IPv6 host", edited("example.com", "[::1]:80"), nil},
	{"space in host", edited("example.com", "a b"), ErrBadHost},
	{"user in host", edited("example.com", "user@example.com"), ErrBadHost},
	{"path in host", edited("example.com", "example.com/"), ErrBadHost},
	{"backslash in host", edited("example.com", `example.com\\`), ErrBadHost},
	{"UTF-8 in host", edited("example.com", "\xc3\xa9"), ErrBadHost},
	{"HTTP/1.0", edited("HTTP/1.1", "HTTP/1.0"), ErrUpgradeRequired},
	{"no upgrade", edited("Upgrade: websocket\r\n", ""), ErrUpgradeRequired},
	{"other upgrade", edited("websocket", "websocket2"), ErrUpgradeRequired},
	{"no connection", edited("Connection: Upgrade\r\n", ""), ErrUpgradeRequired},
	{"keep-alive", edited("Connection: Upgrade", "Connection: keep-alive"), ErrUpgradeRequired},
	{"version 8", edited("Version: 13", "Version: 8"), ErrBadVersion},
	{"no version", edited("Sec-WebSocket-Version: 13\r\n", ""), ErrBadVersion},
	{"no key", edited("Sec-WebSocket-Key: "+testKey+"\r\n", ""), ErrBadKey},
	{"short key", edited(testKey, "c2hvcnQ="), ErrBadKey},
	{"18 bytes", edited(testKey, "dGhlIHNhbXBsZSBub25jZQAA"), ErrBadKey},
	{"not base64", edited(testKey, "dGhlIHNhbXBsZSBub25jZ*=="), ErrBadKey},

	{"bare LF", strings.ReplaceAll(goodHead, "\r\n", "\n"), ErrMalformedRequest},
	{"one bare LF", edited("example.com\r\n", "example.com\n"), ErrMalformedRequest},
	{"bare CR", edited("example.com", "example\r.com"), ErrMalformedRequest},
	{"CR CR LF", edited("example.com\r\n", "example.com\r\r\n"), ErrMalformedRequest},
	{"NUL", edited("example.com", "example\x00.com"), ErrMalformedRequest},
	{"leading empty line", "\r\n" + goodHead, ErrMalformedRequest},
	{"folded line", withLine("X-A: b\r\n c"), ErrMalformedRequest},
	{"folded first line", edited("Host", " Host"), ErrMalformedRequest},
	{"space before colon", edited("Host:", "Host :"), ErrMalformedRequest},
	{"space in name", withLine("X A: b"), ErrMalformedRequest},
	{"no colon", withLine("nonsense"), ErrMalformedRequest},
	{"no name", withLine(": b"), ErrMalformedRequest},
	{"two hosts", withLine("Host: example.com"), ErrMalformedRequest},
	{"empty and full host", withLine("Host:"), ErrMalformedRequest},
	{"two keys", withLine("Sec-WebSocket-Key: " + testKey), ErrMalformedRequest},
	{"two versions", withLine("Sec-WebSocket-Version: 13"), ErrMalformedRequest},
	{"two authorizations", withLine("Authorization: a\r\nauthorization: b"), ErrMalformedRequest},
	{"body", withLine("Content-Length: 5"), ErrMalformedRequest},
	{"negative length", withLine("Content-Length: -0"), ErrMalformedRequest},
	{"two lengths", withLine("Content-Length: 0\r\nContent-Length: 0"), ErrMalformedRequest},
	{"chunked", withLine("Transfer-Encoding: chunked"), ErrMalformedRequest},
	{"two spaces", edited("GET /", "GET  /"), ErrMalformedRequest},
	{"tab for space", edited("GET /", "GET\t/"), ErrMalformedRequest},
	{"space at end of line", edited("HTTP/1.1", "HTTP/1.1 "), ErrMalformedRequest},
	{"HTTP/2", edited("HTTP/1.1", "HTTP/2.0"), ErrMalformedRequest},
	{"HTTP/0.9", edited(" HTTP/1.1", ""), ErrMalformedRequest},
	{"http/1.1", edited("HTTP/1.1", "http/1.1"), ErrMalformedRequest},
	{"HTTP/1.2", edited("HTTP/1.1", "HTTP/1.2"), nil},
	{"HTTP/1.10", edited("HTTP/1.1", "HTTP/1.10"), ErrMalformedRequest},
	{"HTTP/1.x", edited("HTTP/1.1", "HTTP/1.x"), ErrMalformedRequest},
	{"absolute target", edited("/ws", "http://example.com/ws"), nil},
	{"absolute target of https", edited("/ws", "HTTPS://example.com:443/ws"), nil},
	{"absolute target without a path", edited("/ws?a=b", "http://example.com"), ErrMalformedRequest},
	{"absolute target with a query alone", edited("/ws?a=b", "http://example.com?a=/b"), ErrMalformedRequest},
	{"absolute target without a host", edited("/ws", "http:///ws"), ErrMalformedRequest},
	{"absolute target with a user", edited("/ws", "http://a@example.com/ws"), ErrMalformedRequest},
	{"absolute target of another scheme", edited("/ws", "ws://example.com/ws"), ErrMalformedRequest},
	{"authority target", edited("/ws?a=b", "example.com:80"), ErrMalformedRequest},
	{"asterisk target", edited("/ws?a=b", "*"), ErrMalformedRequest},
	{"fragment", edited("/ws", "/ws#x"), ErrMalformedRequest},
	{"raw UTF-8 in target", edited("/ws", "/\xc3\xa9"), ErrMalformedRequest},
	{"TLS hello", "\x16\x03\x01\x02\x00\x01", ErrMalformedRequest},
	{"too large", withLine("X-A: " + strings.Repeat("a", testLimit)), ErrHeadTooLarge},
	{"too large without end", "GET /" + strings.Repeat("a", testLimit), ErrHeadTooLarge},
}

func TestUpgradeRequest_Table(t *testing.T) {
	for _, tt := range requestTable {
		t.Run(tt.name, func(t *testing.T) {
			_, n, err := parseAndCheck(tt.head)
			if tt.want == nil {
				require.NoError(t, err)
				require.Equal(t, len(tt.head), n)
				return
			}
			require.Equal(t, tt.want, err)
		})
	}
}

func TestUpgradeRequest_SplitAtEveryByte(t *testing.T) {
	for _, tt := range requestTable {
		_, wantN, wantErr := parseAndCheck(tt.head)
		decided := false
		for cut := range len(tt.head) + 1 {
			_, n, err := parseAndCheck(tt.head[:cut])
			if n == 0 && err == nil {
				require.False(t, decided, "%s undecided again at %d", tt.name, cut)
				continue
			}
			decided = true
			require.Equal(t, wantN, n, tt.name)
			require.Equal(t, wantErr, err, tt.name)
		}
		require.True(t, decided, tt.name)
	}
}

func TestUpgradeRequest_Fields(t *testing.T) {
	head := edited("/ws?a=b", "/a%20b?c=d?e") + "\x81\x80"
	head = strings.Replace(head, "Upgrade: ", "Origin: https://o\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2, 3.3.3.3\r\n"+
		"X-Real-IP: 4.4.4.4\r\nUser-Agent: curl\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\nUpgrade: ", 1)
	q, n, err := parseAndCheck(head)
	require.NoError(t, err)
	assert.Equal(t, len(head)-2, n)
	assert.Equal(t, "GET", string(q.Method))
	assert.Equal(t, "/a%20b?c=d?e", string(q.Target))
	assert.Equal(t, "/a%20b", string(q.Path))
	assert.Equal(t, "c=d?e", string(q.RawQuery))
	assert.Equal(t, "example.com", string(q.Host))
	assert.Equal(t, testKey, string(q.Key))
	assert.Equal(t, "13", string(q.Version))
	assert.Equal(t, "https://o", string(q.Origin))
	assert.Equal(t, "Bearer x", string(q.Authorization))
	assert.Equal(t, "1.1.1.1, 2.2.2.2, 3.3.3.3", string(q.ForwardedFor))
	assert.Equal(t, "4.4.4.4", string(q.RealIP))
	assert.Equal(t, "curl", string(q.UserAgent))
	assert.Equal(t, "a, b", string(q.Protocols))
	assert.Equal(t, "permessage-deflate; server_max_window_bits=10", string(q.Extensions))
}

func TestUpgradeRequest_AbsoluteTarget(t *testing.T) {
	q, _, err := parseAndCheck(strings.Replace(edited("/ws?a=b", "http://example.com/a?c=http://d/"), "Host: example.com", "Host: other", 1))
	require.NoError(t, err)
	assert.Equal(t, "http://example.com/a?c=http://d/", string(q.Target))
	assert.Equal(t, "example.com", string(q.Host))
	assert.Equal(t, "/a", string(q.Path))
	assert.Equal(t, "c=http://d/", string(q.RawQuery))
}

func TestUpgradeRequest_LinesOfAListAreJoined(t *testing.T) {
	head := []byte(withLine("Sec-WebSocket-Protocol: a,b\r\nX-Forwarded-For: 1.1.1.1\r\nX-Other: x\r\nsec-websocket-protocol:\r\n" +
		"x-forwarded-for: 2.2.2.2\r\nSEC-WEBSOCKET-PROTOCOL: c \r\nX-Forwarded-For:3.3.3.3"))
	before := string(head)
	var q UpgradeRequest
	n, err := q.Parse(head, testLimit)
	require.NoError(t, err)
	assert.Equal(t, len(head), n)
	assert.Equal(t, "a,b, , c", string(q.Protocols))
	assert.Equal(t, "1.1.1.1, 2.2.2.2, 3.3.3.3", string(q.ForwardedFor))
	assert.Equal(t, before, string(head), "the head is as it was")
	assert.NoError(t, q.Check())
}

func TestUpgradeRequest_PathIsKnownBeforeCheck(t *testing.T) {
	var q UpgradeRequest
	n, err := q.Parse([]byte("GET /elsewhere HTTP/1.1\r\n\r\n"), testLimit)
	require.NoError(t, err)
	assert.NotZero(t, n)
	assert.Equal(t, "/elsewhere", string(q.Path))
	assert.Error(t, q.Check())
}

func TestUpgradeRequest_SizeLimitIsExact(t *testing.T) {
	var q UpgradeRequest
	n, err := q.Parse([]byte(goodHead+"more"), len(goodHead))
	assert.NoError(t, err)
	assert.Equal(t, len(goodHead), n)
	_, err = q.Parse([]byte(goodHead), len(goodHead)-1)
	assert.Equal(t, ErrHeadTooLarge, err)
}

func TestUpgradeRequest_Token(t *testing.T) {
	tests := []struct{ query, authorization, want string }{
		{"", "", ""},
		{"token=abc", "", "abc"},
		{"x=1&token=abc&token=def", "Bearer other", "abc"},
		{"token=", "Bearer other", "other"},
		{"token", "", ""},
		{"mytoken=abc", "", ""},
		{"token=a%2Eb+c%20d", "", "a.b+c d"},
		{"token=a%2", "", "a%2"},
		{"token=a%zz", "", "a%zz"},
		{"token=a=b", "", "a=b"},
		{"", "Bearer abc", "abc"},
		{"", "bearer  abc ", "abc"},
		{"", "Bearer ", ""},
		{"", "Bearer", ""},
		{"", "Basic abc", ""},
		{"", "Bearerabc", ""},
	}
	for _, tt := range tests {
		q := UpgradeRequest{RawQuery: []byte(tt.query), Authorization: []byte(tt.authorization)}
		token, present := q.Token()
		assert.Equal(t, tt.want, token, "%+v", tt)
		assert.Equal(t, tt.want != "", present, "%+v", tt)
	}
}

func TestUpgradeRequest_NoAllocs(t *testing.T) {
	b := []byte(goodHead)
	var q UpgradeRequest
	noAllocs(t, func() {
		_, _ = q.Parse(b, testLimit)
		_ = q.Check()
	})
}

func FuzzUpgradeRequest(f *testing.F) {
	for _, tt := range requestTable {
		if len(tt.head) < 2000 {
			f.Add([]byte(tt.head), uint(len(tt.head)/2))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint) {
		const limit = 1024
		var q UpgradeRequest
		n, err := q.Parse(b, limit)
		require.LessOrEqual(t, n, min(len(b), limit))
		var early UpgradeRequest
		earlyN, earlyErr := early.Parse(b[:at%uint(len(b)+1)], limit)
		if earlyN != 0 || earlyErr != nil {
			require.Equal(t, n, earlyN)
			require.Equal(t, err, earlyErr)
		}
		if err != nil {
			require.IsType(t, &HandshakeError{}, err)
			return
		}
		if n == 0 {
			return
		}
		_, _ = q.Token()
		// What passes here must mean the same to net/http.
		if q.Check() != nil {
			return
		}
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b[:n])))
		if err != nil {
			return // it knows more about hosts and escapes
		}
		require.Equal(t, string(q.Host), std.Host)
		require.Equal(t, string(q.Target), std.RequestURI)
		require.Equal(t, string(q.Key), std.Header.Get("Sec-Websocket-Key"))
		require.Zero(t, std.ContentLength)
	})
}

func BenchmarkUpgradeRequest(b *testing.B) {
	head := []byte(withLine("User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept-Encoding: gzip\r\nOrigin: https://example.com\r\nCache-Control: no-cache"))
	var q UpgradeRequest
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		if _, err := q.Parse(head, testLimit); err != nil || q.Check() != nil {
			b.Fatal("refused")
		}
	}
}
