package core_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

// Who has to know is told whether anybody can hear an event.
func TestTryEmit_WithoutRedis(t *testing.T) {
	alone := start(t, core.Options{Loops: 1})
	require.Equal(t, core.ErrNoListener, alone.TryEmit("orders", struct{}{}))

	h := newHeard()
	listening := start(t, core.Options{Loops: 1}, h.on("orders"))
	require.NoError(t, listening.TryEmit("orders", map[string]int{"x": 1}))
	h.next(t, "orders", `{"x":1,"workerId":"`+listening.NodeID()+`"}`)
	require.Equal(t, core.ErrNoListener, listening.TryEmit("others", struct{}{}))

	both := startTier(t, core.Options{Loops: 1}, h.on("orders"))
	require.NoError(t, both.here.TryEmit("orders", map[string]int{"x": 2}))
	for range 2 {
		h.next(t, "orders", `{"x":2,"workerId":"`+both.here.NodeID()+`"}`)
	}
	for _, bad := range []any{nil, 5, []int{1}, make(chan int)} {
		require.Error(t, both.here.TryEmit("orders", bad))
	}
	require.Empty(t, h)
}

// What Redis does not take nobody hears, here either.
func TestTryEmit_WithRedis(t *testing.T) {
	redis, h := redistest.Start(t), newHeard()
	server := start(t, core.Options{Loops: 1, Bus: pxlBus(t, redis)}, h.on(bus.Custom))
	application := redistest.Listen(t, redis, bus.Custom)
	require.NoError(t, server.TryEmit(bus.Custom, map[string]int{"x": 1}))
	const event = `{"x":1,"workerId":"ID"}`
	require.JSONEq(t, strings.ReplaceAll(event, "ID", server.NodeID()), application.Next()[1])
	h.next(t, bus.Custom, strings.ReplaceAll(event, "ID", server.NodeID()))

	large := map[string]string{"x": strings.Repeat("x", pxlMaxPayload)}
	require.ErrorIs(t, server.TryEmit(bus.Custom, large), bus.ErrTooLarge)
	redis.Kill()
	taken := 0
	eventually(t, func() bool {
		err := server.TryEmit(bus.Custom, map[string]int{"x": 2})
		if err == nil {
			taken++
		}
		return err != nil
	}, "it is noticed")
	for range taken {
		h.next(t, bus.Custom, `{"x":2,"workerId":"`+server.NodeID()+`"}`)
	}
	before := server.Stats().BusFailures
	require.Error(t, server.TryEmit(bus.Custom, map[string]int{"x": 2}))
	require.Equal(t, before+1, server.Stats().BusFailures)
	require.NoError(t, server.Emit(bus.Custom, map[string]int{"x": 3}), "which does not tell")
	h.next(t, bus.Custom, `{"x":3,"workerId":"`+server.NodeID()+`"}`)
	require.Empty(t, h)
}
