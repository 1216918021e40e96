package core_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// slowLines counts the lines of a log that are about slow handlers.
func slowLines(log *lockedLog) int {
	return strings.Count(log.String(), "a handler held its event loop")
}

func TestSlowHandler_IsCountedAndLogged(t *testing.T) {
	log := &lockedLog{}
	server := start(t, core.Options{Loops: 1, SlowHandler: time.Nanosecond, Log: slog.New(slog.NewTextHandler(log, nil))})
	c := connect(t, server)
	began := time.Now()
	for range 10 {
		c.ask(askPing)
	}
	require.EqualValues(t, 10, server.Stats().SlowHandlers)
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "route=system.ping")
	require.Positive(t, slowLines(log))
	require.LessOrEqual(t, slowLines(log), 1+int(time.Since(began)/time.Second), "once a second at most")
}

func TestSlowHandler_Threshold(t *testing.T) {
	for name, tt := range map[string]struct {
		threshold time.Duration
		want      uint64
	}{
		"above it": {5 * time.Millisecond, 1}, "below it": {time.Hour, 0}, "off": {-1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			log := &lockedLog{}
			server := start(t, core.Options{SlowHandler: tt.threshold, Log: slog.New(slog.NewTextHandler(log, nil))}, func(s *core.Server) {
				s.Handle("test", "sleep", func(*core.Context) (any, error) {
					time.Sleep(10 * time.Millisecond)
					return nil, nil
				})
			})
			connect(t, server).ask(`{"type":"test","action":"sleep"}`)
			require.Equal(t, tt.want, server.Stats().SlowHandlers)
			require.EqualValues(t, tt.want, slowLines(log))
		})
	}
}
