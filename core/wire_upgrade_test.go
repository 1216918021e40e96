package core_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/auth"
)

// wireRefused asks for an upgrade that is refused: with JSON, and with the
// connection closed behind it.
func wireRefused(t *testing.T, server *core.Server, request string) (status int, body string) {
	t.Helper()
	p, answer := wireSend(t, server, request)
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	require.True(t, answer.Close, "the answer says that the connection closes")
	p.eof()
	return answer.StatusCode, string(content)
}

func TestWire_Upgrade_Path(t *testing.T) {
	const notFound = `{"error":"Not found","code":"NOT_FOUND"}`
	server := start(t, core.Options{JWTSecret: wireSecret})
	moved := start(t, core.Options{Path: "/live/socket"})
	tests := []struct {
		server *core.Server
		target string
		found  bool
	}{
		{server, "/ws", true},
		{server, "/ws?room=1", true},
		{server, "/", false},
		{server, "/ws/", false},
		{server, "/WS", false},
		{server, "/wss", false},
		{server, "/w", false},
		{server, "/ws%2f", false},
		{server, "//ws", false},
		{server, "/ws/general", false},
		{server, "/other?token=bad", false},
		{moved, "/live/socket", true},
		{moved, "/ws", false},
	}
	for _, tt := range tests {
		t.Run(tt.server.Options().Path+" asked for "+tt.target, func(t *testing.T) {
			if tt.found {
				wireOpen(t, tt.server, wireRequest(tt.target))
				return
			}
			status, body := wireRefused(t, tt.server, wireRequest(tt.target))
			require.Equal(t, http.StatusNotFound, status)
			require.Equal(t, notFound, body)
		})
	}
}

// Where nobody asks for an upgrade, another path is 404 too.
func TestWire_Upgrade_PathOfPlainRequest(t *testing.T) {
	server := start(t, core.Options{})
	status, _ := wireRefused(t, server, "GET /favicon.ico HTTP/1.1\r\nHost: gannet\r\n\r\n")
	require.Equal(t, http.StatusNotFound, status)
}

func TestWire_Upgrade_Anonymous(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret})
	for _, query := range []string{"", "token=", "token", "Token=x&xtoken=y", "token=&other=1"} {
		t.Run("query "+query, func(t *testing.T) {
			c := connect(t, server, query)
			c.quiet()
			id := wireID(c)
			require.Contains(t, c.ask(wireJoin(`"general"`)), `"userId":"`+id+`"`)
		})
	}
}

func TestWire_Upgrade_RequireAuth(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, RequireAuth: true})
	for name, request := range map[string]string{
		"no token":     wireRequest("/ws"),
		"empty token":  wireRequest("/ws?token="),
		"empty bearer": wireRequest("/ws", "Authorization: Bearer "),
		"other scheme": wireRequest("/ws", "Authorization: Basic "+wireToken("5")),
		"other name":   wireRequest("/ws?jwt=" + wireToken("5")),
		"empty query":  wireRequest("/ws?"),
	} {
		t.Run(name, func(t *testing.T) {
			status, body := wireRefused(t, server, request)
			require.Equal(t, http.StatusUnauthorized, status)
			require.Equal(t, `{"error":"Token required","code":"TOKEN_REQUIRED"}`, body)
		})
	}
	wireOpen(t, server, wireRequest("/ws?token="+wireToken("5")))
}

const wireInvalidToken = `{"error":"Invalid token","code":"TOKEN_INVALID"}`

// A token that is no good is refused where tokens are optional too: its bearer
// does not become anonymous.
func TestWire_Upgrade_BadToken(t *testing.T) {
	hour := time.Now().Add(time.Hour).Unix()
	withoutSubject := `{"error":"Token has no subject","code":"TOKEN_WITHOUT_SUBJECT"}`
	good := wireToken("5")
	tests := []struct{ name, token, body string }{
		{"no token at all", "hello", wireInvalidToken},
		{"other key", wireSign(wireHS256, `{"sub":5}`, "another key"), wireInvalidToken},
		{"empty key", wireSign(wireHS256, `{"sub":5}`, ""), wireInvalidToken},
		{"cut signature", good[:len(good)-1], wireInvalidToken},
		{"no signature", wireUnsigned(wireHS256, `{"sub":5}`), wireInvalidToken},
		{"foreign claims", wireUnsigned(wireHS256, `{"sub":6}`) + good[strings.LastIndexByte(good, '.')+1:], wireInvalidToken},
		{"alg none", wireUnsigned(`{"alg":"none"}`, `{"sub":5}`), wireInvalidToken},
		{"alg None", wireUnsigned(`{"alg":"None"}`, `{"sub":5}`), wireInvalidToken},
		{"alg none, signed", wireSign(`{"alg":"none"}`, `{"sub":5}`, wireSecret), wireInvalidToken},
		{"alg HS512, other key", wireSign512(`{"sub":5}`, "another key"), wireInvalidToken},
		{"alg RS256", wireSign(`{"alg":"RS256"}`, `{"sub":5}`, wireSecret), wireInvalidToken},
		{"alg ES256", wireSign(`{"alg":"ES256"}`, `{"sub":5}`, wireSecret), wireInvalidToken},
		{"no alg", wireSign(`{"typ":"JWT"}`, `{"sub":5}`, wireSecret), wireInvalidToken},
		{"claims no JSON", wireSign(wireHS256, `{"sub":5`, wireSecret), wireInvalidToken},
		{"claims no object", wireSign(wireHS256, `[5]`, wireSecret), wireInvalidToken},
		{"expired", wireSign(wireHS256, `{"sub":5,"exp":1000000000}`, wireSecret), `{"error":"Token expired","code":"TOKEN_EXPIRED"}`},
		{"not yet valid", wireSign(wireHS256, fmt.Sprintf(`{"sub":5,"nbf":%d}`, hour), wireSecret), `{"error":"Token not yet valid","code":"TOKEN_NOT_YET_VALID"}`},
		{"no sub", wireSign(wireHS256, `{"userId":5}`, wireSecret), withoutSubject},
		{"sub null", wireToken("null"), withoutSubject},
		{"sub empty", wireToken(`""`), withoutSubject},
		{"sub true", wireToken("true"), withoutSubject},
		{"sub object", wireToken(`{"id":5}`), withoutSubject},
		{"sub array", wireToken(`[5]`), withoutSubject},
		{"Sub", wireSign(wireHS256, `{"Sub":5}`, wireSecret), withoutSubject},
	}
	server := start(t, core.Options{JWTSecret: wireSecret})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, request := range []string{wireRequest("/ws?token=" + tt.token), wireRequest("/ws", "Authorization: Bearer "+tt.token)} {
				status, body := wireRefused(t, server, request)
				require.Equal(t, http.StatusUnauthorized, status)
				require.Equal(t, tt.body, body)
			}
		})
	}
	require.EqualValues(t, 2*len(tests), server.Stats().Refused["unauthorized"])
}

func TestWire_Upgrade_TokenWithoutKey(t *testing.T) {
	server := start(t, core.Options{})
	status, body := wireRefused(t, server, wireRequest("/ws?token="+wireToken("5")))
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, `{"error":"This server does not accept tokens","code":"TOKEN_NOT_ACCEPTED"}`, body)
}

// The server ends a refused connection by itself, if its peer never does.
func TestWire_Upgrade_RefusedConnectionIsFreed(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, HandshakeTimeout: 40 * time.Millisecond})
	wireRefused(t, server, wireRequest("/ws?token=bad"))
	eventually(t, func() bool { return server.Stats().Connections == 0 }, "the connection is held")
}

func TestWire_Upgrade_Greeting(t *testing.T) {
	hour := time.Hour / time.Second
	now := time.Now().Unix()
	timed := fmt.Sprintf(`{"nbf":%d,"exp":%d,"iat":%d,"sub":5}`, now-int64(hour), now+int64(hour), now)
	query := func(token string) string { return wireRequest("/ws?token=" + token) }
	tests := []struct{ name, request, userID string }{
		{"number", query(wireToken("5")), "5"},
		{"large number", query(wireToken("12345678901234567890")), "12345678901234567890"},
		{"string", query(wireToken(`"anna"`)), `"anna"`},
		{"string of digits", query(wireToken(`"5"`)), `"5"`},
		{"quotes and others", query(wireToken(`"a\"b\\é"`)), `"a\"b\\é"`},
		{"within its time", query(wireSign(wireHS256, timed, wireSecret)), "5"},
		{"among parameters", wireRequest("/ws?a=1&token=" + wireToken("5") + "&b=2"), "5"},
		{"percent-encoded", query(strings.ReplaceAll(wireToken("5"), ".", "%2E")), "5"},
		{"bearer", wireRequest("/ws", "Authorization: Bearer "+wireToken("5")), "5"},
		{"bearer, other case", wireRequest("/ws", "authorization: bearer "+wireToken(`"x"`)), `"x"`},
		{"bearer, empty parameter", wireRequest("/ws?token=", "Authorization: Bearer "+wireToken("5")), "5"},
	}
	server := start(t, core.Options{JWTSecret: wireSecret})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := wireOpen(t, server, tt.request+wireFrame(0x81, `{"type":"system","action":"joinRoom"}`))
			greeting := p.text()
			id := wireIDIn(t, p.text()) // of the reply to what came behind the request
			require.Equal(t, `{"type":"auth","action":"authenticated","data":{"userId":`+tt.userID+
				`,"message":"Authentication successful","clientId":"`+id+`"}}`, greeting)
			require.True(t, strings.HasPrefix(id, server.NodeID()))
		})
	}
}

func TestWire_Upgrade_ClientIDsDiffer(t *testing.T) {
	server := start(t, core.Options{})
	require.NotEqual(t, wireID(connect(t, server)), wireID(connect(t, server)))
}

// PXL reads its key as base64url, of which some tools write the padding.
func TestWire_Upgrade_SecretEncoding(t *testing.T) {
	key := "\xfb\xff\xfe?>key" // base64url and base64 differ
	written := base64.URLEncoding.EncodeToString([]byte(key))
	require.True(t, strings.ContainsAny(written, "-_") && strings.HasSuffix(written, "="))
	tests := []struct {
		name, secret string
		encoding     auth.Encoding
		signedWith   string
		accepted     bool
	}{
		{"base64url", strings.TrimRight(written, "="), auth.Base64URL, key, true},
		{"base64url, padded", written, auth.Base64URL, key, true},
		{"base64url, signed with the text", written, auth.Base64URL, written, false},
		{"raw", written, auth.Raw, written, true},
		{"raw, signed with the decoded key", written, auth.Raw, key, false},
		{"default is raw", written, "", written, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := start(t, core.Options{JWTSecret: tt.secret, JWTSecretEncoding: tt.encoding})
			request := wireRequest("/ws?token=" + wireSign(wireHS256, `{"sub":5}`, tt.signedWith))
			if tt.accepted {
				require.Contains(t, wireOpen(t, server, request).text(), `"userId":5,`)
				return
			}
			status, body := wireRefused(t, server, request)
			require.Equal(t, http.StatusUnauthorized, status)
			require.Equal(t, wireInvalidToken, body)
		})
	}
}
