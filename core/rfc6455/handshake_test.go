package rfc6455_test

import (
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Section 4, the opening handshake.

// edited is the upgrade request with a piece of it replaced.
func edited(t *testing.T, old, replacement string) string {
	t.Helper()
	whole := upgradeRequest(echoPath)
	require.Contains(t, whole, old)
	return strings.Replace(whole, old, replacement, 1)
}

// Section 4.2.1, and 4.1 for what clients send: field names and tokens in any case,
// lists of tokens, further fields.
func TestRFC6455_4_2_1_Accepted(t *testing.T) {
	server := serve(t, core.Options{})
	const upgrade, connection = "Upgrade: websocket", "Connection: Upgrade"
	for name, sent := range map[string]string{
		"plain":                      upgradeRequest(echoPath),
		"Upgrade in other case":      edited(t, upgrade, "Upgrade: WebSocket"),
		"Upgrade in upper case":      edited(t, upgrade, "UPGRADE: WEBSOCKET"),
		"Connection in lower case":   edited(t, connection, "connection: upgrade"),
		"Connection in upper case":   edited(t, connection, "CONNECTION: UPGRADE"),
		"Connection is a list":       edited(t, connection, "Connection: keep-alive, Upgrade"),
		"without spaces":             edited(t, connection, "Connection: keep-alive,Upgrade,x"),
		"with tabs":                  edited(t, connection, "Connection:\tkeep-alive\t,\tupgrade\t"),
		"with empty elements":        edited(t, connection, "Connection: , ,Upgrade,,"),
		"Connection over two lines":  edited(t, connection, "Connection: keep-alive\r\nConnection: Upgrade"),
		"Upgrade is a list":          edited(t, upgrade, "Upgrade: h2c, websocket"),
		"Upgrade over two lines":     edited(t, upgrade, "Upgrade: h2c\r\nUpgrade: websocket"),
		"names in lower case":        edited(t, "Sec-WebSocket-Key", "sec-websocket-key"),
		"names in upper case":        edited(t, "Sec-WebSocket-Version", "SEC-WEBSOCKET-VERSION"),
		"in absolute form":           edited(t, echoPath+" ", "http://gannet"+echoPath+" "),
		"of a higher version":        edited(t, "HTTP/1.1", "HTTP/1.2"),
		"with a query":               edited(t, echoPath+" ", echoPath+"?agent=test&case=1 "),
		"with an origin":             edited(t, upgrade, upgrade+"\r\nOrigin: http://example.com"),
		"with fields that are new":   edited(t, upgrade, upgrade+"\r\nX-Something: else\r\nPragma: no-cache"),
		"with an unknown extension":  edited(t, upgrade, upgrade+"\r\nSec-WebSocket-Extensions: x-unknown; a=1, y"),
		"in another order":           request("GET "+echoPath+" HTTP/1.1", "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Version: 13", connection, upgrade, "Host: gannet:80"),
		"with a body of no length":   edited(t, upgrade, upgrade+"\r\nContent-Length: 0"),
		"with spaces behind a value": edited(t, "Version: 13", "Version:   13  "),
	} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, server)
			p.write(sent)
			answer := p.answer()
			require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
			require.Equal(t, "HTTP/1.1", answer.Proto)
			require.True(t, strings.EqualFold(answer.Header.Get("Upgrade"), "websocket"))
			require.True(t, strings.EqualFold(answer.Header.Get("Connection"), "upgrade"))
			require.Equal(t, []string{accept}, answer.Header.Values("Sec-WebSocket-Accept"))
			require.Empty(t, answer.Header.Values("Sec-WebSocket-Extensions"), "section 9.1: none that was not offered")
			require.Empty(t, answer.Header.Values("Sec-WebSocket-Protocol"), "section 4.2.2: none that was not offered")
			p.served()
		})
	}
}

func TestRFC6455_4_2_1_Refused(t *testing.T) {
	server := serve(t, core.Options{})
	const upgrade, connection, version = "Upgrade: websocket\r\n", "Connection: Upgrade\r\n", "Sec-WebSocket-Version: 13\r\n"
	for name, c := range map[string]struct {
		sent   string
		status int
	}{
		"POST":                          {edited(t, "GET", "POST"), 405},
		"CONNECT":                       {edited(t, "GET", "CONNECT"), 405},
		"method in lower case":          {edited(t, "GET", "get"), 405},
		"HTTP/1.0":                      {edited(t, "HTTP/1.1", "HTTP/1.0"), 426},
		"no HTTP":                       {edited(t, "HTTP/1.1", "HTTQ/1.1"), 400},
		"no version of HTTP":            {edited(t, " HTTP/1.1", ""), 400},
		"no host":                       {edited(t, "Host: gannet\r\n", ""), 400},
		"a host that is none":           {edited(t, "Host: gannet", `Host: a b@@\/`), 400},
		"an extension that is none":     {edited(t, upgrade, upgrade+"Sec-WebSocket-Extensions: permessage-deflate; =\r\n"), 400},
		"extensions that are empty":     {edited(t, upgrade, upgrade+"Sec-WebSocket-Extensions: ;;;\r\n"), 400},
		"a quote that does not end":     {edited(t, upgrade, upgrade+"Sec-WebSocket-Extensions: foo; a=\"b\r\n"), 400},
		"no upgrade":                    {edited(t, upgrade, ""), 426},
		"another upgrade":               {edited(t, "websocket", "h2c"), 426},
		"upgrade that begins so":        {edited(t, "websocket", "websockets"), 426},
		"no connection":                 {edited(t, connection, ""), 426},
		"another connection":            {edited(t, connection, "Connection: keep-alive\r\n"), 426},
		"connection that begins so":     {edited(t, connection, "Connection: Upgrades\r\n"), 426},
		"no version":                    {edited(t, version, ""), 426},
		"two versions":                  {edited(t, version, version+version), 400},
		"no key":                        {edited(t, "Sec-WebSocket-Key: "+key, "X: y"), 400},
		"an empty key":                  {edited(t, key, ""), 400},
		"a key of 15 bytes":             {edited(t, key, "MDEyMzQ1Njc4OWFiY2Rl"), 400},
		"a key of 17 bytes":             {edited(t, key, "MDEyMzQ1Njc4OWFiY2RlZmc="), 400},
		"a key that is no base64":       {edited(t, key, "dGhlIHNhbXBsZSBub25jZ!=="), 400},
		"a key without its padding":     {edited(t, key, strings.TrimRight(key, "=")), 400},
		"two keys":                      {edited(t, "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Key: "+key+"\r\nSec-WebSocket-Key: "+key), 400},
		"a body":                        {edited(t, upgrade, upgrade+"Content-Length: 5\r\n") + "hello", 400},
		"a body in chunks":              {edited(t, upgrade, upgrade+"Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
		"a field over two lines":        {edited(t, upgrade, upgrade+"X-Folded: a\r\n b\r\n"), 400},
		"a line without a colon":        {edited(t, upgrade, upgrade+"nonsense\r\n"), 400},
		"a space in front of the colon": {edited(t, "Host:", "Host :"), 400},
		"lines that end without CR":     {strings.ReplaceAll(upgradeRequest(echoPath), "\r\n", "\n"), 400},
		"another path":                  {edited(t, echoPath, "/elsewhere"), 404},
	} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, server)
			p.write(c.sent)
			answer := p.answer()
			require.Equal(t, c.status, answer.StatusCode)
			require.Empty(t, answer.Header.Get("Sec-WebSocket-Accept"))
			_, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			p.ended()
		})
	}
}

// A version that the server does not speak is answered with the one that it does.
func TestRFC6455_4_4_VersionNegotiation(t *testing.T) {
	server := serve(t, core.Options{})
	for _, version := range []string{"0", "7", "8", "12", "14", "25", "013", "13, 8", "1 3", "-13", "thirteen", ""} {
		t.Run(version, func(t *testing.T) {
			p := dial(t, server)
			p.write(edited(t, "Version: 13", "Version: "+version))
			answer := p.answer()
			require.Equal(t, http.StatusUpgradeRequired, answer.StatusCode)
			require.Equal(t, "13", answer.Header.Get("Sec-WebSocket-Version"))
		})
	}
}

func TestRFC6455_4_2_2_AcceptIsOfTheKey(t *testing.T) {
	server := serve(t, core.Options{})
	for _, raw := range []string{"0123456789abcdef", strings.Repeat("\x00", 16), strings.Repeat("\xff", 16), "\xfb\xef\xbe, the samples"} {
		sent := base64.StdEncoding.EncodeToString([]byte(raw))
		sum := sha1.Sum([]byte(sent + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		p := dial(t, server)
		p.write(edited(t, key, sent))
		require.Equal(t, base64.StdEncoding.EncodeToString(sum[:]), p.answer().Header.Get("Sec-WebSocket-Accept"))
		p.served()
	}
}

// However the request is cut, and whatever comes right behind it.
func TestRFC6455_4_1_CutRequests(t *testing.T) {
	server := serve(t, core.Options{})
	sent := upgradeRequest(echoPath) + masked(fin|text, "first") + masked(fin|ping, "second") + masked(fin|closing, withCode(normal, ""))
	for _, size := range []int{0, 1, 2, 3, 50, len(upgradeRequest(echoPath)), len(upgradeRequest(echoPath)) + 1} {
		p := dial(t, server)
		p.chop(sent, size)
		require.Equal(t, http.StatusSwitchingProtocols, p.answer().StatusCode)
		p.expect(fin|text, "first")
		p.expect(fin|pong, "second")
		require.Equal(t, withCode(normal, ""), p.closed())
	}
}
