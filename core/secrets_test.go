package core_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Tokens, and the key that they are checked with, are in no line of the log, however
// much is logged and whatever goes wrong.
func TestLog_HasNoSecrets(t *testing.T) {
	log := &lines{}
	server := newServer(t, core.Options{
		JWTSecret: wireSecret, SlowHandler: time.Nanosecond, LogInactive: true, InactiveTimeout: 100 * time.Millisecond,
		CloseTimeout: 100 * time.Millisecond,
		Log:          slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})),
	})
	server.Handle("test", "fail", func(*core.Context) (any, error) { return nil, errors.New("it fails") })
	server.Handle("test", "panic", func(*core.Context) (any, error) { panic("it panics") })
	stop := run(t, server)

	hour := time.Now().Add(time.Hour).Unix()
	good := wireSign(wireHS256, fmt.Sprintf(`{"sub":"ada","exp":%d}`, hour), wireSecret)
	tokens := []string{
		good, wireToken("5"), wireSign(wireHS256, `{"sub":5,"exp":1000000000}`, wireSecret), wireSign(wireHS256, `{"sub":5}`, "another key"),
		wireUnsigned(`{"alg":"none"}`, `{"sub":5}`), "token-of-no-form", good[:len(good)-1],
	}
	for _, token := range tokens {
		for _, request := range []string{
			wireRequest("/ws?token=" + token), wireRequest("/ws", "Authorization: Bearer "+token),
			wireRequest("/nowhere?token=" + token), wireRequest("/ws?token="+token, "nonsense"),
		} {
			p, answer := wireSend(t, server, request)
			if answer.StatusCode != http.StatusSwitchingProtocols {
				continue
			}
			for _, action := range []string{"fail", "panic"} {
				p.write(wireFrame(0x81, `{"type":"system","action":"refreshToken","data":{"token":"`+token+`"}}`))
				p.write(wireFrame(0x81, `{"type":"test","action":"`+action+`","data":"`+token+`"}`))
			}
		}
	}
	eventually(t, func() bool { return server.Stats().Panics > 0 }, "something has gone wrong")
	connect(t, server, "token="+good)
	eventually(t, func() bool { return strings.Contains(log.String(), "inactivity") }, "somebody is closed")
	require.NoError(t, stop())

	said := log.String()
	require.Contains(t, said, "it panics")
	require.Contains(t, said, "address=127.0.0.1")
	require.NotContains(t, said, wireSecret)
	for _, token := range tokens {
		for _, part := range strings.Split(token, ".") {
			require.False(t, part != "" && strings.Contains(said, part), "%s of %s", part, token)
		}
	}
}
