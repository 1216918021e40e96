package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// A client publishes twice as much as an inbox takes while the loop of its room's
// other member stands still: nothing is refused, nothing lost.
func TestPause_ClientWaitsUntilLoopHasCaughtUp(t *testing.T) {
	const messages = 2000
	server, stuck, free, release := busyLoop(t, core.Options{
		ClientPublish: true, MaxInbox: 8 << 20, MaxBacklog: 64 << 20, MaxMessageRate: -1, MaxByteRate: 1 << 30,
	})
	text := strings.Repeat("x", 8<<10)
	sent := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < messages && err == nil; i++ {
			err = free.conn.WriteString(fmt.Sprintf(`{"type":"room","action":"publish","data":{"roomName":"r","self":false,"data":"%d %s"}}`, i, text))
		}
		sent <- err
	}()
	eventually(t, func() bool { return server.Stats().Paused > 0 }, "it is not read from")
	release()

	for range messages {
		require.JSONEq(t, `{"type":"room","action":"publish","response":{"success":true}}`, free.receive())
	}
	require.JSONEq(t, `{"type":"test","action":"block"}`, stuck.receive())
	for i := range messages {
		require.Contains(t, stuck.receive(), fmt.Sprintf(`"data":"%d x`, i))
	}
	require.NoError(t, <-sent)
	require.Zero(t, server.Stats().Overloaded)
}

// A sweep reads from a client although the loop that it publishes to goes on having
// much to do.
func TestPause_SweepReadsFromClient(t *testing.T) {
	server, _, free, _ := busyLoop(t, core.Options{ClientPublish: true, MaxInbox: 8 << 10})
	for range 3 {
		require.JSONEq(t, `{"type":"room","action":"publish","response":{"success":true}}`,
			free.ask(`{"type":"room","action":"publish","data":{"roomName":"r","self":false,"data":"`+strings.Repeat("x", 500)+`"}}`))
	}
	require.Positive(t, server.Stats().Paused)
}
