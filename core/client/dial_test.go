package client_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func TestDial_HandshakeErrors(t *testing.T) {
	long := strings.Repeat("X-Header: 0123456789\r\n", 5000)
	for name, row := range map[string]struct{ response, want string }{
		"not found":      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "refused the connection with 404"},
		"with a body":    {"HTTP/1.1 503 Later\r\nContent-Length: 19\r\n\r\n{\"error\":\"Not now\"}", "with 503: Not now"},
		"redirect":       {"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "with 302"},
		"no HTTP":        {"SSH-2.0-OpenSSH_9.6\r\n", "no WebSocket: malformed HTTP"},
		"nothing":        {"", "HandshakeTimeout is over"},
		"too long":       {"HTTP/1.1 101 Switching Protocols\r\n" + long, "the response to the upgrade request is too long"},
		"wrong answer":   {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "invalid Sec-WebSocket-Accept"},
		"half an answer": {"HTTP/1.1 101 Swi", "HandshakeTimeout is over"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := patience
			if strings.Contains(row.want, "HandshakeTimeout") {
				timeout = 50 * time.Millisecond
			}
			c := newClient(t, client.Options{URL: answer(t, row.response), MaxAttempts: 1, HandshakeTimeout: timeout})
			require.ErrorContains(t, c.Connect(patient(t)), row.want)
		})
	}
}

func TestDial_SendsHeaders(t *testing.T) {
	f := pretend(t)
	header := http.Header{"X-Tenant": {"seven"}, "Authorization": {"Basic abc"}}
	c := newClient(t, client.Options{URL: f.url, Header: header})
	header.Set("X-Tenant", "eight")
	require.NoError(t, c.Connect(patient(t)))
	got := get(t, f.requests, "the request")
	require.Equal(t, "seven", got.Get("X-Tenant"), "they are those of New")
	require.Equal(t, "Basic abc", got.Get("Authorization"))
	require.Len(t, header, 2, "the caller's headers stay as they are")
}

func TestDial_TLS(t *testing.T) {
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	defer web.Close()
	s := start(t, core.Options{})
	r := between(t, s.Addr().String(), func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: web.TLS.Certificates})
	})
	address := "wss://" + r.listener.Addr().String() + "/ws"
	trust := web.Client().Transport.(*http.Transport).TLSClientConfig

	c := connect(t, client.Options{URL: address, TLS: trust, Rooms: []string{"general"}, PingInterval: time.Millisecond})
	require.NoError(t, c.Request(patient(t), "system", "ping", nil, nil))
	require.Empty(t, trust.ServerName, "the caller's configuration stays as it is")

	distrusting := newClient(t, client.Options{URL: address, MaxAttempts: 1})
	require.ErrorContains(t, distrusting.Connect(patient(t)), "certificate")
}

func TestDial_DialsAsItIsTold(t *testing.T) {
	s := start(t, core.Options{})
	var asked atomic.Value
	connect(t, client.Options{
		URL: "ws://gannet.example/ws",
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			asked.Store(network + " " + address)
			return new(net.Dialer).DialContext(ctx, network, s.Addr().String())
		},
	})
	require.Equal(t, "tcp gannet.example:80", asked.Load())
}

func TestDial_LogsNoTokens(t *testing.T) {
	s := start(t, core.Options{})
	var log buffer
	for _, options := range []client.Options{
		{URL: s.url() + "?token=hidden"},
		{URL: s.url(), Token: client.StaticToken("hidden")},
		{URL: "ws://" + unused(t) + "/ws?token=hidden"},
		{URL: answer(t, "no HTTP\r\n\r\n") + "?token=hidden"},
	} {
		options.MaxAttempts, options.Log = 1, log.logger()
		err := newClient(t, options).Connect(patient(t))
		require.ErrorIs(t, err, client.ErrGaveUp)
		require.NotContains(t, err.Error(), "hidden")
	}
	require.Contains(t, log.String(), "gave up")
	require.NotContains(t, log.String(), "hidden")
}
