package codec

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const rfcAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // RFC 6455 section 1.3

func TestAppendUpgradeResponse(t *testing.T) {
	plain := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + rfcAccept + "\r\n"
	assert.Equal(t, plain+"\r\n", string(AppendUpgradeResponse(nil, []byte(testKey), "", "")))
	assert.Equal(t, plain+"Sec-WebSocket-Protocol: chat\r\n\r\n", string(AppendUpgradeResponse(nil, []byte(testKey), "chat", "")))
}

func TestAppendErrorResponse_IsHTTP(t *testing.T) {
	refusals := []*HandshakeError{ErrMalformedRequest, ErrHeadTooLarge, ErrMethodNotAllowed, ErrUpgradeRequired, ErrBadVersion, ErrBadKey, ErrBadHost, ErrBadExtensions}
	for _, e := range refusals {
		response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(e.AppendResponse(nil))), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, e.Status, response.StatusCode)
		assert.True(t, response.Close)
		assert.Equal(t, int64(len(body)), response.ContentLength)
		assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
		assert.Equal(t, e == ErrBadVersion, response.Header.Get("Sec-WebSocket-Version") == "13")
		assert.Equal(t, e.Status == 426, response.Header.Get("Upgrade") == "websocket")
		var got map[string]string
		require.NoError(t, json.Unmarshal(body, &got))
		assert.Equal(t, map[string]string{"error": e.Error(), "code": e.Code}, got)
	}
	withoutCode := AppendErrorResponse([]byte("before"), 401, "", `a "quoted" text`, "")
	assert.True(t, strings.HasSuffix(string(withoutCode), "\r\n\r\n"+`{"error":"a \"quoted\" text"}`))
	assert.True(t, strings.HasPrefix(string(withoutCode), "beforeHTTP/1.1 401 Unauthorized\r\n"))
}

func TestUpgrade_ClientAndServerAgree(t *testing.T) {
	request := AppendUpgradeRequest(nil, "example.com:80", "/ws?token=x", []byte(testKey), "Origin: https://o\r\n")
	q, n, err := parseAndCheck(string(request))
	require.NoError(t, err)
	assert.Equal(t, len(request), n)
	assert.Equal(t, "https://o", string(q.Origin))
	assert.Equal(t, "example.com:80", string(q.Host))

	response := AppendUpgradeResponse(nil, q.Key, "", "")
	all := append(bytes.Clone(response), 0x81, 0x00)
	for cut := range all {
		status, n, err := ParseUpgradeResponse(all[:cut], []byte(testKey))
		require.NoError(t, err)
		if cut < len(response) {
			require.Zero(t, n)
			continue
		}
		require.Equal(t, 101, status)
		require.Equal(t, len(response), n)
	}
}

func TestParseUpgradeResponse_Table(t *testing.T) {
	good := string(AppendUpgradeResponse(nil, []byte(testKey), "", ""))
	change := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	tests := []struct {
		name, head string
		status     int
		err        error
	}{
		{"good", good, 101, nil},
		{"no reason", change(" Switching Protocols", ""), 101, nil},
		{"HTTP/1.0", "HTTP/1.0 503 Busy\r\n\r\n", 503, nil},
		{"401", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n", 401, nil},
		{"wrong accept", change(rfcAccept, strings.ToLower(rfcAccept)), 101, ErrBadAccept},
		{"no accept", change("Sec-WebSocket-Accept", "X-Accept"), 101, ErrBadAccept},
		{"no upgrade", change("Upgrade: websocket", "Upgrade: h2c"), 101, ErrBadAccept},
		{"no connection", change("Connection: Upgrade", "Connection: close"), 101, ErrBadAccept},
		{"bare LF", change("\r\n", "\n"), 0, ErrMalformedResponse},
		{"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", 0, ErrMalformedResponse},
		{"no status", "HTTP/1.1 \r\n\r\n", 0, ErrMalformedResponse},
		{"bad status", "HTTP/1.1 1x1 No\r\n\r\n", 0, ErrMalformedResponse},
		{"status 99", "HTTP/1.1 099 No\r\n\r\n", 0, ErrMalformedResponse},
		{"long status", "HTTP/1.1 1011\r\n\r\n", 0, ErrMalformedResponse},
		{"bad line", change("Upgrade: w", "Upgrade : w"), 0, ErrMalformedResponse},
		{"endless", "HTTP/1.1 101 " + strings.Repeat("a", MaxResponseHead), 0, ErrMalformedResponse},
	}
	for _, tt := range tests {
		status, n, err := ParseUpgradeResponse([]byte(tt.head), []byte(testKey))
		assert.Equal(t, tt.status, status, tt.name)
		assert.Equal(t, tt.err, err, tt.name)
		assert.Equal(t, err == nil, n == len(tt.head), tt.name)
	}
}

func TestUpgradeResponse_NoAllocs(t *testing.T) {
	dst := make([]byte, 0, 1024)
	key := []byte(testKey)
	noAllocs(t, func() {
		dst = AppendErrorResponse(dst[:0], 426, "CODE", "Text", offerUpgrade)
		dst = AppendUpgradeRequest(dst[:0], "h", "/", key, "")
		dst = AppendUpgradeResponse(dst[:0], key, "chat", "")
		_, _, _ = ParseUpgradeResponse(dst, key)
	})
}

func FuzzUpgradeResponse(f *testing.F) {
	f.Add(AppendUpgradeResponse(nil, []byte(testKey), "chat", ""), uint(20))
	f.Add(ErrBadVersion.AppendResponse(nil), uint(30))
	f.Add([]byte("HTTP/1.1 101\r\n\r\n"), uint(3))
	f.Fuzz(func(t *testing.T, b []byte, at uint) {
		status, n, err := ParseUpgradeResponse(b, []byte(testKey))
		require.LessOrEqual(t, n, len(b))
		if n > 0 {
			require.NoError(t, err)
			require.True(t, status >= 100 && status <= 999)
			require.True(t, bytes.HasSuffix(b[:n], []byte("\r\n\r\n")))
		}
		earlyStatus, earlyN, earlyErr := ParseUpgradeResponse(b[:at%uint(len(b)+1)], []byte(testKey))
		if earlyN != 0 || earlyErr != nil {
			require.Equal(t, status, earlyStatus)
			require.Equal(t, n, earlyN)
			require.Equal(t, err, earlyErr)
		}
	})
}

func BenchmarkAppendUpgradeResponse(b *testing.B) {
	dst := make([]byte, 0, 256)
	key := []byte(testKey)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendUpgradeResponse(dst[:0], key, "", "")
	}
}
