package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	warnHeader  = "proxy-protocol is accept without trusted-proxies: "
	warnSecret  = "the secret of tokens (jwt-secret) has 31 bytes: HS256 needs 32"
	warnNetwork = ", which is everybody: who can connect can name any address"
)

// What is weak is warned of by gannet config check as by gannet serve, and taken.
func TestWeaknesses(t *testing.T) {
	long := strings.Repeat("s", 32)
	for text, want := range map[string][]string{
		"max-rooms: 7\n":                 nil,
		"jwt-secret: " + long + "\n":     nil,
		"jwt-secret: " + long[1:] + "\n": {warnSecret},
		"jwt-secret-encoding: base64url\njwt-secret: " + strings.Repeat("YWJj", 10) + "YQ\n":  {warnSecret},
		"jwt-secret-encoding: base64url\njwt-secret: " + strings.Repeat("YWJj", 10) + "YWI\n": nil,
		"proxy-protocol: accept\n":                                               {warnHeader},
		"proxy-protocol: require\naddr: 0.0.0.0:3000\n":                          {"proxy-protocol is require without"},
		"proxy-protocol: accept\ntrusted-proxies: 10.0.0.0/8\n":                  nil,
		"proxy-protocol: accept\naddr: 127.0.0.2:3000\n":                         nil,
		"proxy-protocol: accept\naddr: localhost:3000\n":                         nil,
		"proxy-protocol: accept\naddr: '[::1]:3000'\nunix-socket: /run/gannet\n": nil,
		"proxy-protocol: accept\nunix-socket: /run/gannet\n":                     {warnHeader},
		"proxy-protocol: off\n":                                                  nil,
		"trusted-proxies: 0.0.0.0/0\n":                                           {"trusted-proxies has 0.0.0.0/0" + warnNetwork},
		"trusted-proxies: 0.0.0.0\n":                                             nil,
		"trusted-proxies: [10.0.0.0/8, '::/0', 1.2.3.4/0, unix]\n":               {"trusted-proxies has ::/0" + warnNetwork, "trusted-proxies has 1.2.3.4/0" + warnNetwork},
		"trusted-proxies: '::ffff:0:0/96'\n":                                     {"trusted-proxies has ::ffff:0:0/96" + warnNetwork},
		"trusted-proxies: 0.0.0.0/0\nproxy-protocol: accept\napi-key: a\n": {
			"trusted-proxies has 0.0.0.0/0", "the API key is shorter than 16 bytes",
		},
	} {
		out, mistakes := check(t, text)
		require.Empty(t, mistakes, text)
		var warnings []string
		for line := range strings.Lines(out) {
			if warning, ok := strings.CutPrefix(line, "warning: "); ok {
				warnings = append(warnings, warning)
			}
		}
		require.Len(t, warnings, len(want), "%s%s", text, out)
		for i := range want {
			require.Contains(t, warnings[i], want[i], text)
		}
		require.NotContains(t, out, "sssss")
	}
}

// With a certificate the listener for TLS counts, too.
func TestWeaknesses_PlainListenerOnLoopback(t *testing.T) {
	var s serveCommand
	s.Server.ProxyProtocol, s.Server.Addr = "accept", "127.0.0.1:3000"
	require.Empty(t, s.weaknesses())
	s.Server.TLSAddr = ":3443"
	require.Len(t, s.weaknesses(), 1)
	s.Server.TLSAddr = "[::1]:3443"
	require.Empty(t, s.weaknesses())
}

func TestServe_WarnsOfWeaknesses(t *testing.T) {
	f := newFiles(t)
	secret := f.write("secret", firstSecret[1:]+"\n")
	ended := program(t, "", []string{"GANNET_PROXY_PROTOCOL=accept"}, "serve", "--path=ws", "--log-format=json", "--jwt-secret-file="+secret)
	require.Equal(t, 1, ended.status)
	require.Contains(t, ended.stderr, `"level":"WARN","msg":"`+warnHeader)
	require.Contains(t, ended.stderr, `"level":"WARN","msg":"`+warnSecret)
	require.NotContains(t, ended.stderr, firstSecret[1:])

	f.write("secret", firstSecret)
	c := serveCommandLine(t, nil, "--jwt-secret-file="+secret)
	f.write("secret", firstSecret[1:])
	for _, changed := range []string{"keys of tokens", "nothing"} {
		lines := c.reload(t, logReloaded)
		require.Len(t, lines, 2)
		require.Contains(t, lines[0].Msg, warnSecret)
		require.Equal(t, changed, lines[1].Changed)
	}
}
