package redis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// sending returns the bus of a process that only sends.
func sending(t *testing.T, options redis.Options) *redis.Bus {
	t.Helper()
	b, err := redis.New(options)
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

var everybody = bus.Message{To: bus.All, Payload: []byte(`{"type":"a","action":"b"}`)}

func TestFlush_RedisHasTakenAll(t *testing.T) {
	server := redistest.Start(t)
	listener := redistest.Listen(t, server, "sendMessageToAll")
	b := sending(t, quickly(server.URL()))
	require.NoError(t, b.Publish(everybody))
	require.NoError(t, b.Flush())
	assert.Equal(t, "sendMessageToAll", listener.Next()[0])
	assert.NoError(t, b.Flush(), "it is closed, and nothing was lost")
	assert.Error(t, b.Publish(everybody), "it is closed")
	assert.ErrorContains(t, b.Flush(), "has not taken")
}

// What is published before the first connection waits for it, for its time.
func TestFlush_RedisComesInTime(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	options := quickly(server.URL())
	options.PublishTimeout = longWait
	b := sending(t, options)
	require.NoError(t, b.Publish(everybody))
	require.Eventually(t, func() bool { return strings.Contains(b.Status().Problem, "refused") }, longWait, time.Millisecond)
	require.NoError(t, b.Publish(everybody))
	server.Restart()
	require.NoError(t, b.Flush())
	assert.EqualValues(t, 4, b.Stats().Published)
}

func TestFlush_NothingWasPublished(t *testing.T) {
	assert.NoError(t, sending(t, quickly("redis://127.0.0.1:1")).Flush())
}

func TestFlush_SaysWhyNot(t *testing.T) {
	server := redistest.Start(t)
	for name, tt := range map[string]struct {
		disturb func()
		why     string
	}{
		"refused": {func() { server.Do("ACL", "SETUSER", "default", "-publish") }, "NOPERM"},
		"frozen":  {server.Freeze, "has not taken what was published: "},
		"away":    {server.Kill, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			server.Thaw()
			server.Kill()
			server.Restart()
			options := quickly(server.URL())
			options.PublishTimeout = 300 * time.Millisecond
			tt.disturb()
			b := sending(t, options)
			require.NoError(t, b.Publish(everybody))
			err := b.Flush()
			require.ErrorContains(t, err, tt.why)
			require.ErrorContains(t, err, "Redis has not taken")
			assert.EqualValues(t, 2, b.Stats().Failed)
		})
	}
	server.Thaw()
}

// What was sent and not answered may have arrived.
func TestFlush_NobodyKnows(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	options.PublishTimeout = 300 * time.Millisecond
	b := sending(t, options)
	require.NoError(t, b.Publish(everybody))
	require.Eventually(t, func() bool { return b.Stats().Published == 2 }, longWait, time.Millisecond)
	server.Freeze()
	require.NoError(t, b.Publish(bus.Message{To: bus.Room, Room: "x", Payload: everybody.Payload}))
	err := b.Flush()
	server.Thaw()
	require.ErrorContains(t, err, "may have arrived or not")
	assert.EqualValues(t, 1, b.Stats().Unknown)
}

// What Redis has not answered yet is waited for.
func TestFlush_WaitsForAnswers(t *testing.T) {
	server := redistest.Start(t)
	options := quickly(server.URL())
	options.PublishTimeout = longWait
	b := sending(t, options)
	require.NoError(t, b.Publish(everybody))
	require.Eventually(t, func() bool { return b.Stats().Published == 2 }, longWait, time.Millisecond)
	server.Freeze()
	require.NoError(t, b.Publish(bus.Message{To: bus.Room, Room: "x", Payload: everybody.Payload}))
	require.Eventually(t, func() bool { return b.Stats().QueuedBytes == 0 }, longWait, time.Millisecond)
	flushed := make(chan error, 1)
	go func() { flushed <- b.Flush() }()
	time.Sleep(50 * time.Millisecond) // the time in which it would go wrong
	server.Thaw()
	require.NoError(t, <-flushed)
	assert.EqualValues(t, 3, b.Stats().Published)
}

func TestFlush_TooLarge(t *testing.T) {
	options := quickly(redistest.Start(t).URL())
	options.MaxPayload = 10
	b := sending(t, options)
	require.ErrorContains(t, b.Publish(everybody), "too large")
	assert.EqualValues(t, 1, b.Stats().Failed)
	assert.Error(t, b.Flush())
}

// An event for all clients that no node has sent reaches them once.
func TestEmit_ToAllWithoutANode(t *testing.T) {
	server := redistest.Start(t)
	receiver := join(t, 2, quickly(server.URL()))
	b := sending(t, quickly(server.URL()))
	payloads := []string{`{"type":"a","action":"b"}`, `{"type":"a","action":"b","workerId":"jobs"}`, `{"type":"a","action":"b","workerId":3}`}
	for _, payload := range payloads {
		require.NoError(t, b.Emit(&bus.Event{Channel: bus.SendMessageToAll, Payload: []byte(payload)}))
	}
	require.NoError(t, b.Emit(&bus.Event{Channel: bus.Custom, Payload: []byte(`{"workerId":"000000000009"}`)}))
	require.NoError(t, b.Publish(bus.Message{To: bus.All, Payload: []byte(`{"last":1}`)}))
	require.NoError(t, b.Flush())
	receiver.received(1)
	for i, e := range receiver.heard(len(payloads)) {
		assert.Equal(t, payloads[i], e.Text())
	}
}
