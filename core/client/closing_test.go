package client_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

func TestClosing_Codes(t *testing.T) {
	for _, row := range []struct {
		code   uint16
		reason string
		final  bool
	}{
		{1000, "inactive", false},
		{1001, "", false},
		{1008, "token expired", false},
		{1008, "rate limit", false},
		{1008, "frame timeout", false},
		{1008, "disconnected", true},
		{1009, "", false},
		{1011, "internal error", false},
		{1012, "draining", false},
		{1013, "slow consumer", false},
		{4000, "disconnected", false},
	} {
		t.Run(fmt.Sprint(row.code, " ", row.reason), func(t *testing.T) {
			t.Parallel()
			f := pretend(t)
			j := newJournal()
			c := connect(t, client.Options{URL: f.url, Events: j.events()})
			require.NoError(t, get(t, f.opened, "the connection").WriteClose(row.code, []byte(row.reason)))
			j.expect(t, "connecting 1", "connected", fmt.Sprintf("disconnected %d %s", row.code, row.reason))
			if !row.final {
				j.expect(t, "reconnecting 1", "connecting 1", "connected")
				return
			}
			j.expect(t, "failed")
			require.ErrorIs(t, c.Err(), client.ErrGaveUp)
			require.ErrorContains(t, c.Err(), "1008, disconnected")
			require.NoError(t, c.Close())
		})
	}
}

func TestClosing_FramesWithoutACode(t *testing.T) {
	for _, row := range []struct {
		payload string
		want    string
	}{
		{"", "the connection ended with 1005"},
		{"\x03", "the connection ended with 1002: the close frame has no valid code"},
	} {
		f := pretend(t)
		closings := make(chan client.Closing, 8)
		connect(t, client.Options{
			URL:    f.url,
			Events: client.Events{Disconnected: func(c client.Closing) { closings <- c }},
		})
		conn := get(t, f.opened, "the connection")
		require.NoError(t, conn.WriteMessage(8, []byte(row.payload)))
		require.EqualError(t, get(t, closings, "the end"), row.want)
	}
}

func TestClosing_DisconnectedByTheApplicationItStaysAway(t *testing.T) {
	for name, stubborn := range map[string]bool{"by default": false, "unless it is told to return": true} {
		t.Run(name, func(t *testing.T) {
			s := start(t, core.Options{})
			j := newJournal()
			options := client.Options{URL: s.url(), Rooms: []string{"general"}, Events: j.events()}
			if stubborn {
				options.GiveUp = func(client.Closing) bool { return false }
			}
			c := connect(t, options)
			id, ok := shard.ParseID(c.ID())
			require.True(t, ok)
			require.True(t, s.Disconnect(id, ""))
			j.expect(t, "connecting 1", "connected", "disconnected 1008 disconnected")
			if stubborn {
				j.expect(t, "reconnecting 1", "connecting 1", "connected")
				return
			}
			j.expect(t, "failed")
			require.Equal(t, client.StatusFailed, c.Status())
			get(t, c.Done(), "the end of its goroutines")
		})
	}
}
