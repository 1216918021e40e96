package core_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// knock connects from an address of loopback, sends what begins a connection, and
// returns the answer.
func knock(t *testing.T, server *core.Server, from, bytes string) (*wirePeer, *http.Response) {
	t.Helper()
	p := connectFrom(t, server, from)
	p.write(bytes)
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	return p, answer
}

func connectFrom(t *testing.T, server *core.Server, from string) *wirePeer {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return &wirePeer{t, conn, bufio.NewReader(conn)}
}

// letIn makes sure that a request is answered with an upgrade.
func letIn(t *testing.T, server *core.Server, from, bytes string) *wirePeer {
	t.Helper()
	p, answer := knock(t, server, from, bytes)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	return p
}

// keptOut makes sure that a request is refused, and closes the connection.
func keptOut(t *testing.T, server *core.Server, from, bytes string, status int, code string) http.Header {
	t.Helper()
	p, answer := knock(t, server, from, bytes)
	var body struct{ Error, Code string }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&body))
	require.Equal(t, status, answer.StatusCode, body.Error)
	require.Equal(t, code, body.Code)
	require.NotEmpty(t, body.Error)
	p.eof()
	_ = p.conn.Close()
	return answer.Header
}

// comesBack makes sure that an answer says when to come back.
func comesBack(t *testing.T, header http.Header) {
	t.Helper()
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	require.NoError(t, err)
	require.True(t, seconds >= 2 && seconds <= 5, "%d s", seconds)
}

const tooMany = "TOO_MANY_FROM_ADDRESS"

func TestPerAddress_Bound(t *testing.T) {
	server := start(t, core.Options{MaxConnectionsPerAddress: 2})
	first := letIn(t, server, "127.0.0.2", wireRequest("/ws"))
	letIn(t, server, "127.0.0.2", wireRequest("/ws"))
	comesBack(t, keptOut(t, server, "127.0.0.2", wireRequest("/ws"), http.StatusTooManyRequests, tooMany))
	keptOut(t, server, "127.0.0.2", wireRequest("/ws", "X-Forwarded-For: 192.0.2.1"), http.StatusTooManyRequests, tooMany)
	letIn(t, server, "127.0.0.3", wireRequest("/ws"))
	require.EqualValues(t, 2, server.Stats().Refused["per_address"])
	first.write(wireFrame(0x81, askPing))
	require.Equal(t, wirePong, first.text(), "those inside are served")

	_ = first.conn.Close()
	eventually(t, func() bool { return server.Stats().Clients == 2 }, "it has gone")
	letIn(t, server, "127.0.0.2", wireRequest("/ws"))
	keptOut(t, server, "127.0.0.2", wireRequest("/ws"), http.StatusTooManyRequests, tooMany)
}

// All loops count together.
func TestPerAddress_IsExactOverLoops(t *testing.T) {
	const most = 7
	server := start(t, core.Options{Loops: 4, MaxConnectionsPerAddress: most})
	answers := make(chan int, handshakesOf)
	for range cap(answers) {
		p := connectFrom(t, server, "127.0.0.2")
		go func() {
			_, _ = io.WriteString(p.conn, wireRequest("/ws"))
			answer, err := http.ReadResponse(p.in, nil)
			if err != nil {
				answers <- 0
				return
			}
			answers <- answer.StatusCode
		}()
	}
	count := map[int]int{}
	for range cap(answers) {
		count[next(t, answers)]++
	}
	require.Equal(t, map[int]int{http.StatusSwitchingProtocols: most, http.StatusTooManyRequests: cap(answers) - most}, count)
}

func TestPerAddress_ByTheClientOfAProxy(t *testing.T) {
	server := start(t, core.Options{MaxConnectionsPerAddress: 1, TrustedProxies: []string{"127.0.0.0/8"}})
	letIn(t, server, "127.0.0.2", wireRequest("/ws", "X-Forwarded-For: 192.0.2.1"))
	letIn(t, server, "127.0.0.2", wireRequest("/ws", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2, 127.9.9.9"))
	keptOut(t, server, "127.0.0.3", wireRequest("/ws", "X-Forwarded-For: 192.0.2.7, 192.0.2.1"), http.StatusTooManyRequests, tooMany)
	keptOut(t, server, "127.0.0.3", wireRequest("/ws", "X-Real-IP: 192.0.2.2"), http.StatusTooManyRequests, tooMany)
	letIn(t, server, "127.0.0.3", wireRequest("/ws", "X-Forwarded-For: 2001:db8::1"))
	keptOut(t, server, "127.0.0.3", wireRequest("/ws", "X-Forwarded-For: 2001:db8::2"), http.StatusTooManyRequests, tooMany)
}

// Who is refused for something else gives the place back.
func TestPerAddress_RefusalsTakeNoPlace(t *testing.T) {
	server := start(t, core.Options{MaxConnectionsPerAddress: 1, JWTSecret: wireSecret, AllowedOrigins: []string{"https://example.com"}})
	for range 3 {
		keptOut(t, server, "127.0.0.2", wireRequest("/nowhere"), http.StatusNotFound, "NOT_FOUND")
		keptOut(t, server, "127.0.0.2", wireRequest("/ws", "Origin: https://example.org"), http.StatusForbidden, "ORIGIN_NOT_ALLOWED")
		keptOut(t, server, "127.0.0.2", wireRequest("/ws?token=bad"), http.StatusUnauthorized, "TOKEN_INVALID")
		eventually(t, func() bool { return server.Stats().Connections == 0 }, "it has gone")
	}
	letIn(t, server, "127.0.0.2", wireRequest("/ws"))
	require.Zero(t, server.Stats().Refused["per_address"])
}

func TestAcceptRate_Refuses(t *testing.T) {
	server := start(t, core.Options{MaxAcceptRate: 1})
	const peers = 20
	in := 0
	for range peers {
		p, answer := knock(t, server, "127.0.0.1", wireRequest("/ws"))
		if answer.StatusCode == http.StatusSwitchingProtocols {
			in++
			continue
		}
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		comesBack(t, answer.Header)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.JSONEq(t, `{"error":"Too many new connections","code":"TOO_MANY_AT_ONCE"}`, string(body))
		p.eof()
	}
	require.Positive(t, in)
	require.Less(t, in, peers)
	require.EqualValues(t, peers-in, server.Stats().Refused["accept_rate"])
	eventually(t, func() bool {
		p, answer := knock(t, server, "127.0.0.1", wireRequest("/ws"))
		_ = p.conn.Close()
		return answer.StatusCode == http.StatusSwitchingProtocols
	}, "a second later there is room again")
}

func TestMaxHandshakes_TheOldestGoes(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxHandshakes: 3, HandshakeTimeout: patience})
	var silent []*wirePeer
	for range 5 {
		silent = append(silent, connectFrom(t, server, "127.0.0.1"))
	}
	silent[0].eof()
	silent[1].eof()
	require.EqualValues(t, 2, server.Stats().Refused["max_handshakes"])
	for _, p := range silent[2:] {
		p.write(wireRequest("/ws") + wireFrame(0x81, askPing))
		answer, err := http.ReadResponse(p.in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
		require.Equal(t, wirePong, p.text())
	}
	for range 4 {
		connectFrom(t, server, "127.0.0.1") // clients do not count any more
	}
	eventually(t, func() bool { return server.Stats().Refused["max_handshakes"] == 3 }, "the new ones do")
	require.Equal(t, 3, server.Stats().Clients)
}

// A peer that sends its request a byte at a time has no longer than one that is silent.
func TestMaxHandshakes_TricklingDoesNotHelp(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxHandshakes: 2, HandshakeTimeout: patience})
	first := connectFrom(t, server, "127.0.0.1")
	for i, b := range []byte("GET /ws HTTP/1.1\r\nHost: a") {
		first.write(string(b))
		eventually(t, func() bool { return server.Stats().BytesIn == uint64(i+1) }, "it has been read")
	}
	connectFrom(t, server, "127.0.0.1")
	connectFrom(t, server, "127.0.0.1")
	first.eof()
}

// Whose token is being checked has sent its request, and waits for us.
func TestMaxHandshakes_TokensUnderCheckDoNotCount(t *testing.T) {
	server, late := startLate(t, core.Options{Loops: 1, MaxHandshakes: 1})
	checked := askWithToken(t, server, late.token(`{"sub":5}`), "")
	eventually(t, func() bool { return server.Stats().BytesIn > 0 }, "it is being checked")
	connectFrom(t, server, "127.0.0.1")
	connectFrom(t, server, "127.0.0.1")
	eventually(t, func() bool { return server.Stats().Refused["max_handshakes"] > 0 }, "the first of these goes")
	late.release()
	status, _, _ := checked.answer()
	require.Equal(t, http.StatusSwitchingProtocols, status)
	require.EqualValues(t, 1, server.Stats().Refused["max_handshakes"])
}

// A flood of silent connections does not keep out who sends a request.
func TestMaxHandshakes_FloodKeepsNobodyOut(t *testing.T) {
	server := start(t, core.Options{Loops: 2, MaxHandshakes: 4, HandshakeTimeout: patience})
	for range 20 {
		for range 10 {
			connectFrom(t, server, "127.0.0.1")
		}
		letIn(t, server, "127.0.0.1", wireRequest("/ws"))
	}
	stats := server.Stats()
	require.Equal(t, 20, stats.Clients)
	require.LessOrEqual(t, stats.Connections, 20+4)
}

func TestMaxRequestHead(t *testing.T) {
	const most = 600
	server := start(t, core.Options{MaxRequestHead: most})
	sized := func(size int) string {
		empty := len(wireRequest("/ws", "X-Padding: "))
		return wireRequest("/ws", "X-Padding: "+strings.Repeat("x", size-empty))
	}
	require.Len(t, sized(most), most)
	letIn(t, server, "127.0.0.1", sized(most))
	keptOut(t, server, "127.0.0.1", sized(most+1), http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
	keptOut(t, server, "127.0.0.1", sized(20_000), http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
	endless := "GET /ws HTTP/1.1\r\nX-Padding: " + strings.Repeat("x", most)
	keptOut(t, server, "127.0.0.1", endless, http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
	keptOut(t, server, "127.0.0.1", "nonsense\r\n\r\n", http.StatusBadRequest, "BAD_REQUEST")
	stats := server.Stats()
	require.EqualValues(t, 3, stats.Refused["head_too_large"])
	require.EqualValues(t, 1, stats.Refused["bad_request"])
	letIn(t, start(t, core.Options{}), "127.0.0.1", sized(8<<10))
	keptOut(t, start(t, core.Options{}), "127.0.0.1", sized(8<<10+1), http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
	letIn(t, start(t, core.Options{MaxRequestHead: 64 << 10}), "127.0.0.1", sized(64<<10))
}

func TestOrigin_OfRequests(t *testing.T) {
	const ours, foreign = "Origin: https://www.example.com", "Origin: https://www.example.com.evil.com"
	some := []string{"https://*.example.com", "http://localhost:3000"}
	tests := []struct {
		name    string
		options core.Options
		line    string // empty: no origin
		code    string // empty: let in
	}{
		{"all, none", core.Options{}, "", ""},
		{"all, any", core.Options{}, foreign, ""},
		{"all, null", core.Options{}, "Origin: null", ""},
		{"some, ours", core.Options{AllowedOrigins: some}, ours, ""},
		{"some, foreign", core.Options{AllowedOrigins: some}, foreign, "ORIGIN_NOT_ALLOWED"},
		{"some, null", core.Options{AllowedOrigins: some}, "Origin: null", "ORIGIN_NOT_ALLOWED"},
		{"some, empty", core.Options{AllowedOrigins: some}, "Origin:", "ORIGIN_NOT_ALLOWED"},
		{"some, none", core.Options{AllowedOrigins: some}, "", ""},
		{"some required, none", core.Options{AllowedOrigins: some, RequireOrigin: true}, "", "ORIGIN_REQUIRED"},
		{"some required, ours", core.Options{AllowedOrigins: some, RequireOrigin: true}, ours, ""},
		{"some required, foreign", core.Options{AllowedOrigins: some, RequireOrigin: true}, foreign, "ORIGIN_NOT_ALLOWED"},
		{"any required, foreign", core.Options{RequireOrigin: true}, foreign, ""},
		{"any required, none", core.Options{RequireOrigin: true}, "", "ORIGIN_REQUIRED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := start(t, tt.options)
			request := wireRequest("/ws")
			if tt.line != "" {
				request = wireRequest("/ws", tt.line)
			}
			if tt.code == "" {
				letIn(t, server, "127.0.0.1", request)
				require.Zero(t, server.Stats().Refused["origin"])
				return
			}
			keptOut(t, server, "127.0.0.1", request, http.StatusForbidden, tt.code)
			require.EqualValues(t, 1, server.Stats().Refused["origin"])
		})
	}
}

func TestSubprotocol_IsChosenAndTold(t *testing.T) {
	tests := []struct {
		lines  []string
		chosen string
	}{
		{nil, ""},
		{[]string{"Sec-WebSocket-Protocol: chat.v1"}, "chat.v1"},
		{[]string{"Sec-WebSocket-Protocol: chat.v1, chat.v2"}, "chat.v1"},
		{[]string{"Sec-WebSocket-Protocol: other", "Sec-WebSocket-Protocol: chat.v2, chat.v1"}, "chat.v2"},
		{[]string{"Sec-WebSocket-Protocol: other, CHAT.V1"}, ""},
	}
	tell := func(c *core.Context) (any, error) { return c.Subprotocol(), nil }
	server := start(t, core.Options{Subprotocols: []string{"chat.v2", "chat.v1"}}, func(s *core.Server) {
		s.Handle("tell", "inline", tell)
		s.Handle("tell", "blocking", tell, core.Blocking())
	})
	for _, tt := range tests {
		p, answer := knock(t, server, "127.0.0.1", wireRequest("/ws", tt.lines...))
		require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
		if tt.chosen == "" {
			require.NotContains(t, answer.Header, "Sec-Websocket-Protocol", "%q", tt.lines)
		} else {
			require.Equal(t, []string{tt.chosen}, answer.Header.Values("Sec-Websocket-Protocol"))
		}
		for _, action := range []string{"inline", "blocking"} {
			p.write(wireFrame(0x81, `{"type":"tell","action":"`+action+`"}`))
			require.Contains(t, p.text(), `"response":"`+tt.chosen+`"`)
		}
		infos, err := server.Clients(t.Context(), func(v *core.ClientView) bool { return v.Subprotocol() == tt.chosen }, 0)
		require.NoError(t, err)
		require.NotEmpty(t, infos)
		require.Equal(t, tt.chosen, infos[0].Subprotocol)
	}
	keptOut(t, server, "127.0.0.1", wireRequest("/ws", "Sec-WebSocket-Protocol: chat.v1, a b"), http.StatusBadRequest, "BAD_SUBPROTOCOL")
	none := start(t, core.Options{})
	_, answer := knock(t, none, "127.0.0.1", wireRequest("/ws", "Sec-WebSocket-Protocol: chat.v1"))
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	require.NotContains(t, answer.Header, "Sec-Websocket-Protocol")
}

func TestAdmission_Mistakes(t *testing.T) {
	for says, options := range map[string]core.Options{
		"max-handshakes is -1":              {MaxHandshakes: -1},
		"max-request-head is 65537":         {MaxRequestHead: 64<<10 + 1},
		"max-request-head is -1":            {MaxRequestHead: -1},
		"max-accept-rate is -1":             {MaxAcceptRate: -1},
		"max-accept-rate is 1000001":        {MaxAcceptRate: 1_000_001},
		"max-connections-per-address is -1": {MaxConnectionsPerAddress: -1},
		`proxy-protocol is "on"`:            {ProxyProtocol: "on"},
		`allowed-origins has "example.com"`: {AllowedOrigins: []string{"example.com"}},
		`trusted-proxies has "localhost"`:   {TrustedProxies: []string{"localhost"}},
		`subprotocols has "a b"`:            {Subprotocols: []string{"a b"}},
		`subprotocols has ""`:               {Subprotocols: []string{""}},
		`subprotocols has "a"`:              {Subprotocols: []string{"a", "b", "a"}},
		`subprotocols has "a,b"`:            {Subprotocols: []string{"a", "b", "a,b"}},
		"there are 256 subprotocols":        {Subprotocols: make([]string, 256)},
	} {
		_, err := core.New(options)
		assert.ErrorContains(t, err, says)
	}
}
