//go:build !race

package core

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

// What a route of an application costs: a look at the client, the limits of its
// rates, and the clock that finds slow handlers.
func TestAllocs_Handler(t *testing.T) {
	s := newStill(t, func(s *Server) {
		s.Handle("test", "member", func(c *Context) (any, error) {
			if !c.IsMember("general") || c.User() != nil || c.ClientID().IsZero() {
				return nil, nil
			}
			return constant, nil
		})
	})
	messages, bytes := s.server.options.rates()
	require.Positive(t, messages.PerSecond)
	require.Positive(t, bytes.PerSecond)
	require.Positive(t, s.server.options.SlowHandler)
	frame := fromClient(codec.OpText, `{"type":"test","action":"member","id":1,"data":{"text":"hello"}}`)
	want := codec.AppendFrame(nil, codec.OpText, []byte(`{"type":"test","action":"member","response":{"ok":true},"id":1}`))
	require.Equal(t, string(want), string(s.ask(frame)))
	require.Zero(t, testing.AllocsPerRun(1000, func() { s.ask(frame) }))
	require.Zero(t, s.loop.counters.RateLimited)
}

// What is answered to a client beyond its rates costs nothing either.
func TestAllocs_OverRate(t *testing.T) {
	s := newStill(t, func(s *Server) { s.options.MaxMessageRate, s.options.MaxStrikes = 1, 1<<30 })
	frame := fromClient(codec.OpText, `{"type":"system","action":"ping","id":1}`)
	s.ask(frame)
	require.Contains(t, string(s.ask(frame)), "RATE_LIMIT")
	require.Zero(t, testing.AllocsPerRun(1000, func() { s.ask(frame) }))
	require.Greater(t, s.loop.counters.RateLimited, uint64(900))
}

// Announcements that nobody listens to are not even made.
func TestAllocs_AnnounceToNobody(t *testing.T) {
	s := newStill(t)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		s.loop.announceConnected(s.client)
		s.loop.announceJoined(s.client, "general")
		s.loop.announceLeft(s.client, "general")
		s.loop.announceDisconnected(s.client)
	}))
}
