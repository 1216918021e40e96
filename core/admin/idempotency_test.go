package admin

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// newMemory makes a memory of requests.
func newMemory(maxKeys, maxBytes int) *idempotency {
	return newIdempotency(&Options{IdempotencyTTL: time.Minute, MaxIdempotencyKeys: maxKeys, MaxIdempotencyBytes: core.Size(maxBytes)})
}

// ask has a request with the key answered by a text, and returns what it was answered
// and whether that was from memory.
func (m *idempotency) ask(t *testing.T, key, text string) (given string, replayed bool) {
	t.Helper()
	r, replayed, bad := m.once(t.Context(), requestID{key: key}, fingerprint{}, func() (response, *apiError) {
		return response{body: []byte(text)}, nil
	})
	require.Nil(t, bad)
	return string(r.body), replayed
}

func TestIdempotency_ForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(10, 1000)
		_, replayed := m.ask(t, "a", "one")
		require.False(t, replayed)
		time.Sleep(time.Minute - time.Nanosecond)
		given, replayed := m.ask(t, "a", "two")
		require.True(t, replayed)
		require.Equal(t, "one", given)
		require.Equal(t, idempotencyFigures{keys: 1, replays: 1}, m.figures())
		time.Sleep(time.Nanosecond)
		require.Equal(t, idempotencyFigures{replays: 1}, m.figures(), "to come again does not prolong it")
		given, replayed = m.ask(t, "a", "two")
		require.False(t, replayed)
		require.Equal(t, "two", given)
		require.Equal(t, idempotencyFigures{keys: 1, replays: 1}, m.figures())
	})
}

// Beyond the number, or the size, the oldest are forgotten, and never the newest.
func TestIdempotency_Bounds(t *testing.T) {
	for name, m := range map[string]*idempotency{"keys": newMemory(3, 1000), "bytes": newMemory(1000, 30)} {
		t.Run(name, func(t *testing.T) {
			for i := range 10 {
				m.ask(t, fmt.Sprint(i), "ten bytes.")
			}
			require.Equal(t, idempotencyFigures{keys: 3, evicted: 7}, m.figures())
			for i := 9; i >= 7; i-- {
				_, replayed := m.ask(t, fmt.Sprint(i), "")
				require.True(t, replayed, i)
			}
			_, replayed := m.ask(t, "6", "ten bytes.")
			require.False(t, replayed)
			_, replayed = m.ask(t, "7", "ten bytes.")
			require.False(t, replayed, "6 took its place")

			large := strings.Repeat("x", 2000)
			m.ask(t, "large", large)
			given, replayed := m.ask(t, "large", "")
			require.True(t, replayed)
			require.Equal(t, large, given)
			require.Len(t, m.requests, m.order.Len())
		})
	}
}

// What comes while the same is being answered waits for the answer.
func TestIdempotency_AtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(10, 1000)
		var wg sync.WaitGroup
		calls := 0
		for range 10 {
			wg.Go(func() {
				r, _, bad := m.once(context.Background(), requestID{key: "a"}, fingerprint{}, func() (response, *apiError) {
					calls++
					time.Sleep(time.Hour)
					return response{body: []byte("once")}, nil
				})
				assert.Nil(t, bad)
				assert.Equal(t, "once", string(r.body))
			})
		}
		wg.Wait()
		require.Equal(t, 1, calls)
		require.Equal(t, idempotencyFigures{keys: 1, replays: 9}, m.figures())
	})
}

// Who waits for a request that is refused is served in its turn, and who has gone
// waits no more.
func TestIdempotency_RefusedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(10, 1000)
		var wg sync.WaitGroup
		served := 0
		for range 3 {
			wg.Go(func() {
				_, replayed, bad := m.once(context.Background(), requestID{key: "a"}, fingerprint{}, func() (response, *apiError) {
					served++
					time.Sleep(time.Hour)
					return response{refused: served == 2}, map[bool]*apiError{true: errOverloaded}[served == 1]
				})
				assert.False(t, replayed)
				assert.Equal(t, bad != nil, bad == errOverloaded)
			})
		}
		synctest.Wait()
		gone, end := context.WithTimeout(context.Background(), time.Minute)
		defer end()
		_, _, bad := m.once(gone, requestID{key: "a"}, fingerprint{}, nil)
		require.Equal(t, errOverloaded, bad)
		wg.Wait()
		require.Equal(t, 3, served)
		require.Equal(t, idempotencyFigures{keys: 1}, m.figures())
	})
}

func TestIdempotency_AnotherRequest(t *testing.T) {
	m := newMemory(10, 1000)
	m.ask(t, "a", "one")
	_, _, bad := m.once(t.Context(), requestID{key: "a"}, fingerprint{1}, nil)
	require.Equal(t, errKeyReused, bad)
	_, replayed := m.ask(t, "a", "")
	require.True(t, replayed, "the first is remembered still")
	_, replayed, bad = m.once(t.Context(), requestID{caller: "b", key: "a"}, fingerprint{1}, func() (response, *apiError) { return response{}, nil })
	require.Nil(t, bad)
	require.False(t, replayed, "each caller has its own keys")
}

// A panic leaves the key free.
func TestIdempotency_Panic(t *testing.T) {
	m := newMemory(10, 1000)
	require.Panics(t, func() {
		_, _, _ = m.once(t.Context(), requestID{key: "a"}, fingerprint{}, func() (response, *apiError) { panic("oh") })
	})
	given, replayed := m.ask(t, "a", "two")
	require.False(t, replayed)
	require.Equal(t, "two", given)
}
