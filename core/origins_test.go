package core

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOrigins_Table(t *testing.T) {
	tests := []struct {
		allowed  []string
		yes, not []string
	}{
		{
			allowed: []string{"https://example.com"},
			yes:     []string{"https://example.com", "https://EXAMPLE.com", "HTTPS://example.com", "https://example.com:443"},
			not: []string{
				"http://example.com", "https://example.com:8443", "https://example.com:80", "wss://example.com",
				"https://www.example.com", "https://example.com.evil.com", "https://evil.com/https://example.com",
				"https://evilexample.com", "https://example.comm", "https://example.co", "https://xample.com",
				"https://example.com.", "https://.example.com", "https://example..com",
				"https://user@example.com", "https://example.com@evil.com", "https://evil.com#@example.com",
				"https://example.com/", "https://example.com/ws", "https://example.com?x", "https://example.com#x", "https://example.com\\x",
				"https://example.com:", "https://example.com:0443", "https://example.com:+443", "https://example.com:443:443",
				"https://example.com:x", "https://example.com:65979", "https://example.com:0",
				"https://example.com https://evil.com", "https://evil.com, https://example.com", "https://example.com\x00.evil.com",
				" https://example.com", "https:// example.com", "https:/example.com", "https:example.com", "//example.com", "example.com",
				"https://ex\u0430mple.com", "https://example.com\u2024evil.com", "https://\uff45xample.com", "https://example\u3002com",
				"null", "Null", "", "*", "https://*", "https://*.com", "https://", "://example.com", "https://[example.com]",
			},
		},
		{
			allowed: []string{"https://*.example.com"},
			yes:     []string{"https://www.example.com", "https://a.b.example.com", "https://WWW.Example.Com:443", "https://xn--caf-dma.example.com"},
			not: []string{
				"https://example.com", "https://.example.com", "https://www.example.com.", "https://www.example.com.evil.com",
				"https://evilexample.com", "https://www-example.com", "http://www.example.com", "https://www.example.com:8443",
				"https://evil.com/.example.com", "https://evil.com?.example.com", "https://evil.com#.example.com",
				"https://evil.com\\.example.com", "https://evil.com:443.example.com", "https://user@www.example.com", "https://*.example.com", "null",
			},
		},
		{
			allowed: []string{"http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000", "https://[2001:DB8:0::1]"},
			yes: []string{
				"http://localhost:3000", "http://127.0.0.1", "http://127.0.0.1:80", "http://[::1]:3000",
				"http://[0:0:0:0:0:0:0:1]:3000", "https://[2001:db8::1]", "https://[2001:db8::1]:443",
			},
			not: []string{
				"http://localhost", "http://localhost:3001", "http://127.0.0.1:3000", "http://127.0.0.2", "http://127.1",
				"http://[::1]", "http://[::1]3000", "http://[::1", "http://::1:3000", "http://[::1%25lo]:3000", "http://[::2]:3000",
				"https://[2001:db8::1]:80", "https://[2001:db8::1].evil.com", "http://[::1]:3000.evil.com", "http://[::ffff:127.0.0.1]",
			},
		},
		{
			allowed: []string{"https://*.example.com:8443", "chrome-extension://abcdefgh", "capacitor://localhost"},
			yes:     []string{"https://a.example.com:8443", "chrome-extension://abcdefgh", "capacitor://localhost"},
			not:     []string{"https://a.example.com", "https://a.example.com:443", "chrome-extension://abcdefg", "capacitor://localhost:1", "ionic://localhost", "file://"},
		},
		{allowed: nil, yes: []string{"https://evil.com", "null", "", "nonsense"}},
		{allowed: []string{"https://example.com", "*"}, yes: []string{"https://evil.com", "null", "", "nonsense"}},
	}
	for _, tt := range tests {
		o, err := readOrigins(tt.allowed)
		require.NoError(t, err)
		for _, from := range tt.yes {
			assert.True(t, o.allow([]byte(from)), "%q by %q", from, tt.allowed)
		}
		for _, from := range tt.not {
			assert.False(t, o.allow([]byte(from)), "%q by %q", from, tt.allowed)
		}
	}
}

func TestOrigins_Mistakes(t *testing.T) {
	for _, text := range []string{
		"", "null", "example.com", "https://", "https://*", "https://*.", "https://**.example.com", "https://www.*.com", "*.example.com",
		"https://example.com/", "https://example.com/path", "https://example.com:*", "https://user@example.com", "https://caf\u00e9.com",
		"https://[::1", "https://[fe80::1%25eth0]", "https://[192.0.2.1]", "1https://example.com", "*://example.com", "https://*.[::1]",
	} {
		_, err := readOrigins([]string{"https://example.com", text})
		require.ErrorContains(t, err, "allowed-origins", "%q", text)
	}
}
