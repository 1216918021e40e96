package core_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// lockedLog is a log that may be read while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Inactivity is about messages: a client that answers pings is alive, and
// forgotten all the same.
func TestInactiveTimeout(t *testing.T) {
	log := &lockedLog{}
	server := start(t, core.Options{
		Loops: 1, PingInterval: 20 * time.Millisecond, PingTimeout: time.Hour,
		InactiveTimeout: 300 * time.Millisecond, LogInactive: true, MaxMessageRate: -1,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	forgotten, busy := connect(t, server), connect(t, server)
	for len(forgotten.closed) == 0 {
		busy.ask(`{"type":"system","action":"pong"}` + "{") // any message will do, even a bad one
	}
	require.Equal(t, closing{1000, "inactive"}, forgotten.end())
	require.NotEmpty(t, forgotten.pings, "it answered pings")
	require.Empty(t, busy.closed)
	eventually(t, func() bool { return server.Stats().Closed["inactive"] == 1 }, "counted")
	require.Contains(t, log.String(), "client closed for inactivity")
}
