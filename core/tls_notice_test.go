package core_test

import (
	"crypto/tls"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Whoever meets a deadline is told that nothing more comes, too. TLS 1.2 shows the
// types of records.
func TestTLS_DeadlinesEndWithCloseNotify(t *testing.T) {
	const soon = 100 * time.Millisecond
	cases := map[string]struct {
		options core.Options
		sent    string
		reason  string // of the client's end; "": it never was one
	}{
		"a close frame is not answered": {options: core.Options{CloseTimeout: soon, InactiveTimeout: soon}, sent: wireRequest("/ws"), reason: "inactive"},
		"a ping is not answered":        {options: core.Options{PingInterval: soon, PingTimeout: soon}, sent: wireRequest("/ws"), reason: "ping_timeout"},
		"a frame is not completed":      {options: core.Options{FrameTimeout: soon, CloseTimeout: soon}, sent: wireRequest("/ws") + "\x81", reason: "frame_timeout"},
		"the request does not come":     {options: core.Options{HandshakeTimeout: 10 * soon}, sent: "GET "},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, trusting := startTLS(t, tt.options)
			trusting.MaxVersion = tls.VersionTLS12
			wire := &recorder{Conn: rawTLS(t, server)}
			conn := tls.Client(wire, trusting)
			_, err := io.WriteString(conn, tt.sent)
			require.NoError(t, err)
			_, err = io.ReadAll(conn)
			require.NoError(t, err)
			require.EqualValues(t, 21, wire.lastType())
			gone(t, server)
			if tt.reason != "" {
				require.EqualValues(t, 1, server.Stats().Closed[tt.reason])
			}
		})
	}
}
